// Rate limit: a bucket of `burst` permits that refills evenly, kept as one point in time. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace writ::quota {

/// `count` per `per` on average, `burst` at once. All at least 1.
struct Rate {
  std::int64_t count = 1;
  Millis per = Seconds{1};
  std::int64_t burst = 1;
};

/// The state of one limited caller: when its bucket will be full again. A new caller's bucket is full.
struct Bucket {
  SteadyTime full_at = SteadyTime::min();
  bool operator==(const Bucket&) const = default;
};

/// Takes `permits` (1..burst) when there are as many. Returns nothing when taken, else how long to wait for them, in
/// which case nothing has changed. In any stretch of time t at most burst + count·t/per permits are given.
[[nodiscard]] std::optional<std::chrono::nanoseconds> take(Bucket& bucket, const Rate& rate, SteadyTime now,
                                                           std::int64_t permits = 1);

}  // namespace writ::quota
