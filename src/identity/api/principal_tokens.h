// PrincipalTokens: the tokens this process holds for principals, so that it can act for them at another service.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/context.h"

namespace writ::identity {

/// Thread: any.
class PrincipalTokens {
 public:
  explicit PrincipalTokens(const Clock& clock) : clock_(clock) {}
  void remember(const Principal& principal, std::string token, WallTime expires_at);
  /// A token of exactly this principal, scopes included, that still holds for a while.
  [[nodiscard]] std::optional<std::string> find(const Principal& principal);

 private:
  struct Held {
    std::string token;
    WallTime expires_at;
  };
  static constexpr std::size_t held_max = 10'000;  // about 1 KiB each
  static constexpr Seconds margin{5};              // for the way to the callee
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Held> held_;
};

}  // namespace writ::identity
