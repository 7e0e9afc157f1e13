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
  if (held_.size() >= held_max)
    std::erase_if(held_, [&](const auto& entry) { return entry.second.back().expires_at <= now; });
  const auto key = key_of(principal);
  if (held_.size() >= held_max && !held_.contains(key)) return;
  auto& tokens = held_[key];
  std::erase_if(tokens, [&](const Held& held) { return held.expires_at <= now || held.token == token; });
  tokens.push_back({std::move(token), expires_at});
  if (tokens.size() > per_principal_max) tokens.pop_front();
}

std::optional<std::string> PrincipalTokens::find(const Principal& principal) {
  std::deque<Held> tokens;
  {
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(key_of(principal));
    if (it == held_.end()) return std::nullopt;
    tokens = it->second;
  }
  for (auto held = tokens.rbegin(); held != tokens.rend(); ++held)
    if (held->expires_at > clock_.now() + margin && verifier_.verify(held->token, principal_audience))
      return held->token;
  return std::nullopt;
}

}  // namespace writ::identity
