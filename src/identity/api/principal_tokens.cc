#include "identity/api/principal_tokens.h"

#include <algorithm>

namespace writ::identity {
namespace {

std::string key_of(const Principal& principal) {
  std::string key;
  key.reserve(256);  // asked for with each request
  key.append(principal.tenant.str()).append("\n").append(principal.subject.str());
  for (const auto& scope : principal.scopes) key.append("\n").append(scope);
  for (const auto& actor : principal.act) key.append("\nact ").append(actor);
  return key;
}

}  // namespace

void PrincipalTokens::remember(const Principal& principal, std::string_view token, WallTime expires_at) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  if (held_.size() >= held_max)
    std::erase_if(held_, [&](const auto& entry) { return entry.second.back().expires_at <= now; });
  const auto key = key_of(principal);
  if (held_.size() >= held_max && !held_.contains(key)) return;
  auto& tokens = held_[key];
  if (!tokens.empty() && tokens.back().token == token) return;
  std::erase_if(tokens, [&](const Held& held) { return held.expires_at <= now || held.token == token; });
  tokens.push_back({.token = std::string(token), .expires_at = expires_at});
  if (tokens.size() > per_principal_max) tokens.pop_front();
}

bool PrincipalTokens::holds(Held& held) {
  if (held.expires_at <= clock_.now() + margin) return false;
  if (held.claims) return verifier_.holds(*held.claims).has_value();
  auto claims = verifier_.verify(held.token, principal_audience);
  if (!claims) return false;
  held.claims = *std::move(claims);
  return true;
}

// Under the lock.
const PrincipalTokens::Held* PrincipalTokens::newest(const Principal& principal) {
  const auto it = held_.find(key_of(principal));
  if (it == held_.end()) return nullptr;
  const auto found = std::find_if(it->second.rbegin(), it->second.rend(), [this](Held& held) { return holds(held); });
  return found == it->second.rend() ? nullptr : &*found;
}

std::optional<std::string> PrincipalTokens::find(const Principal& principal) {
  const std::lock_guard lock(mutex_);
  const auto* held = newest(principal);
  return held == nullptr ? std::nullopt : std::optional(held->token);
}

bool PrincipalTokens::has(const Principal& principal) {
  const std::lock_guard lock(mutex_);
  return newest(principal) != nullptr;
}

}  // namespace writ::identity
