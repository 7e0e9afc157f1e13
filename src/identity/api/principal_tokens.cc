#include "identity/api/principal_tokens.h"

namespace writ::identity {
namespace {

std::string key_of(const Principal& principal) {
  std::string key = principal.tenant.str() + '\n' + principal.subject.str();
  for (const auto& scope : principal.scopes) key += '\n' + scope;
  for (const auto& actor : principal.act) key += "\nact " + actor;
  return key;
}

}  // namespace

void PrincipalTokens::remember(const Principal& principal, std::string token, WallTime expires_at) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  if (held_.size() >= held_max) std::erase_if(held_, [&](const auto& entry) { return entry.second.expires_at <= now; });
  if (held_.size() < held_max) held_[key_of(principal)] = {std::move(token), expires_at};
}

std::optional<std::string> PrincipalTokens::find(const Principal& principal) {
  const std::lock_guard lock(mutex_);
  const auto it = held_.find(key_of(principal));
  if (it == held_.end() || it->second.expires_at <= clock_.now() + margin) return std::nullopt;
  return it->second.token;
}

}  // namespace writ::identity
