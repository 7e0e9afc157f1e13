// PrincipalTokens: what this process holds to act for principals at other services.
#pragma once

#include <optional>
#include <string>

#include "core/context.h"
#include "identity/api/recent_map.h"

namespace writ::identity {

/// Holds the tokens that principals showed at the public door, to be exchanged, and the assertions that came of it, each
/// good at one callee. Thread: any.
class PrincipalTokens {
 public:
  explicit PrincipalTokens(const Clock& clock) : clock_(clock) {}

  void showed(const Principal& principal, std::string_view token, WallTime expires_at);
  /// What the principal showed with this very credential.
  [[nodiscard]] std::optional<std::string> shown(const Principal& principal);

  void keep(const Principal& principal, std::string_view audience, std::string assertion, WallTime expires_at);
  /// An assertion of exactly this principal, scopes included, that will hold for a while.
  [[nodiscard]] std::optional<std::string> assertion(const Principal& principal, std::string_view audience);

 private:
  struct Held {
    std::string token;
    WallTime expires_at;
  };
  /// margin: how long it must hold still; negative: how long it may be over.
  [[nodiscard]] std::optional<std::string> find(RecentMap<Held>& held, const std::string& key, Seconds margin);

  static constexpr std::size_t held_max = 10'000;  // about 1 KiB each
  static constexpr Seconds way{5};  // to the callee
  static constexpr Seconds leeway{30};  // as long as identity takes it (crypto/jwt.h)
  const Clock& clock_;
  RecentMap<Held> shown_{held_max}, assertions_{held_max};
};

}  // namespace writ::identity
