#include "identity/api/principal_tokens.h"

#include "identity/api/principal_name.h"

namespace writ::identity {
namespace {

CompositeKey credential_key(const Principal& principal) {
  const auto& shown = principal.credential;
  CompositeKey key;
  key.add(principal.tenant.str()).add(principal.subject.str()).add(shown.key_id.str()).add(shown.token_id);
  key.add(std::to_string(shown.generation));
  return key;
}

CompositeKey assertion_key(const Principal& principal, std::string_view audience) {
  auto key = credential_key(principal);
  key.add(audience);
  for (const auto* list : {&principal.scopes, &principal.act, &principal.credential.made_by}) {
    key.add(std::to_string(list->size()));
    for (const auto& item : *list) key.add(item);
  }
  return key;
}

}  // namespace

std::optional<std::string> PrincipalTokens::find(RecentMap<Held>& held, const std::string& key, Seconds margin) {
  auto found = held.find(key);
  if (!found) return std::nullopt;
  if (found->expires_at > clock_.now() + margin) return std::move(found->token);
  held.erase(key);
  return std::nullopt;
}

void PrincipalTokens::showed(const Principal& principal, std::string_view token, WallTime expires_at) {
  shown_.put(credential_key(principal).text(), {std::string(token), expires_at});
}

std::optional<std::string> PrincipalTokens::shown(const Principal& principal) {
  return find(shown_, credential_key(principal).text(), -leeway);
}

void PrincipalTokens::keep(const Principal& principal, std::string_view audience, std::string assertion,
                           WallTime expires_at) {
  assertions_.put(assertion_key(principal, audience).text(), {std::move(assertion), expires_at});
}

std::optional<std::string> PrincipalTokens::assertion(const Principal& principal, std::string_view audience) {
  return find(assertions_, assertion_key(principal, audience).text(), way);
}

}  // namespace writ::identity
