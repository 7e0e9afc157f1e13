// PrincipalTokens: the tokens this process holds for principals, so that it can act for them at another service.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "identity/api/token.h"

namespace writ::identity {

/// Thread: any.
class PrincipalTokens {
 public:
  PrincipalTokens(TokenVerifier& verifier, const Clock& clock) : verifier_(verifier), clock_(clock) {}
  void remember(const Principal& principal, std::string_view token, WallTime expires_at);
  /// A token of exactly this principal, scopes included, that holds and will for a while. A principal may have shown
  /// several; one that was revoked must not take the others with it.
  [[nodiscard]] std::optional<std::string> find(const Principal& principal);
  /// Whether find() would give one.
  [[nodiscard]] bool has(const Principal& principal);

 private:
  struct Held {
    std::string token;
    WallTime expires_at;
    std::optional<TokenClaims> claims{};  // since it was verified here, once
  };
  [[nodiscard]] const Held* newest(const Principal& principal);
  [[nodiscard]] bool holds(Held& held);

  static constexpr std::size_t held_max = 10'000;  // about 1 KiB each
  static constexpr Seconds margin{5};              // for the way to the callee
  static constexpr std::size_t per_principal_max = 8;  // the newest; older ones end sooner
  TokenVerifier& verifier_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::deque<Held>> held_;
};

}  // namespace writ::identity
