// Window: the stretch of wall time that a budget is for.
#pragma once

#include "core/clock.h"

namespace writ::quota {

inline constexpr Millis daily = std::chrono::hours{24};

/// From `start`, inclusive, to end(), exclusive. UTC.
struct Window {
  WallTime start;
  Millis length = daily;

  [[nodiscard]] WallTime end() const { return start + length; }
  [[nodiscard]] bool contains(WallTime at) const { return start <= at && at < end(); }
  /// Whole seconds until the window is over, rounded up, at least 1.
  [[nodiscard]] Seconds until_reset(WallTime now) const;
  bool operator==(const Window&) const = default;
};

/// The window that holds `now`: windows of one length follow one another from 1970-01-01T00:00Z on, so that daily ones
/// begin at midnight UTC. `now` is the database's time. length: 1 ms and more.
[[nodiscard]] Window window_at(WallTime now, Millis length = daily);

}  // namespace writ::quota
