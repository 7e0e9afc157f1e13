#include "identity/api/revocations.h"

#include <algorithm>

namespace writ::identity {

std::vector<std::string> common_scopes(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto has = [](const std::vector<std::string>& all, std::string_view scope) {
    return std::ranges::find(all, scope) != all.end();
  };
  if (has(a, "*")) return b;
  if (has(b, "*")) return a;
  std::vector<std::string> out;
  std::ranges::copy_if(a, std::back_inserter(out), [&](const auto& scope) { return has(b, scope); });
  return out;
}

void Revocations::add(const Revocation& row) {
  const auto until = row.until.value_or(row.at + revocation_matters);
  if (row.kind == "token") tokens_.insert_or_assign(row.value, until);
  else if (row.kind == "key") keys_.insert_or_assign(row.value, until);
  else if (row.kind == "key_scopes") key_limits_.insert_or_assign(row.value, Limit{row.scopes, until});
  if (!row.tenant || !row.subject) return;
  PrincipalName name{*row.tenant, *row.subject};
  if (row.kind == "subject") subjects_.insert_or_assign(std::move(name), Floor{row.generation, until});
  else if (row.kind == "subject_scopes") subject_limits_.insert_or_assign(std::move(name), Limit{row.scopes, until});
}

void Revocations::forget(WallTime now) {
  const auto until = [](const auto& value) {
    if constexpr (requires { value.until; }) return value.until;
    else return value;
  };
  const auto drop = [&](auto& map) {
    std::erase_if(map, [&](const auto& entry) { return until(entry.second) < now; });
  };
  drop(tokens_);
  drop(keys_);
  drop(subjects_);
  drop(subject_limits_);
  drop(key_limits_);
}

std::size_t Revocations::size() const {
  return tokens_.size() + keys_.size() + subjects_.size() + subject_limits_.size() + key_limits_.size();
}

Status Revocations::holds(const Principal& principal, std::string_view jti) const {
  const auto& shown = principal.credential;
  if (!tokens_.empty() && (tokens_.contains(jti) || tokens_.contains(shown.token_id)))
    return fail(unauthenticated("token_revoked", "the token was revoked"));
  if (!keys_.empty() && !shown.key_id.empty() && keys_.contains(shown.key_id.str()))
    return fail(unauthenticated("key_revoked", "the API key was revoked, and with it what came from it"));
  if (subjects_.empty()) return {};
  const auto floor = subjects_.find({principal.tenant, principal.subject});
  if (floor != subjects_.end() && shown.generation < floor->second.generation)
    return fail(unauthenticated("token_revoked", "everything that was given to this principal was revoked"));
  return {};
}

void Revocations::narrow(Principal& principal) const {
  if (!key_limits_.empty() && !principal.credential.key_id.empty())
    if (const auto limit = key_limits_.find(principal.credential.key_id.str()); limit != key_limits_.end())
      principal.scopes = common_scopes(principal.scopes, limit->second.scopes);
  if (subject_limits_.empty()) return;
  if (const auto limit = subject_limits_.find({principal.tenant, principal.subject}); limit != subject_limits_.end())
    principal.scopes = common_scopes(principal.scopes, limit->second.scopes);
}

}  // namespace writ::identity
