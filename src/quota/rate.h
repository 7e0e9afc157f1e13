// Rate limit: a bucket of `burst` permits that refills evenly, kept as one point in time. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace writ::quota {

/// `count` per `per` on average, `burst` at once. All at least 1, count and burst at most permits_max, and a bucket is
/// full again within refill_max.
struct Rate {
  static constexpr std::int64_t permits_max = 1LL << 31U;  // 2 GiB, where bytes are counted; products of two stay exact
  static constexpr Seconds refill_max{3600};  // what refills more slowly is a budget
  std::int64_t count = 1;
  Millis per = Seconds{1};
  std::int64_t burst = 1;
  bool operator==(const Rate&) const = default;
};

/// The state of one limited caller: when its bucket will be full again. A new caller's bucket is full.
struct Bucket {
  SteadyTime full_at = SteadyTime::min();
  bool operator==(const Bucket&) const = default;
};

/// How long until there are `permits` (1..burst), nothing when there are now. Changes nothing.
[[nodiscard]] std::optional<std::chrono::nanoseconds> wait_for(const Bucket& bucket, const Rate& rate, SteadyTime now,
                                                               std::int64_t permits);

/// Takes `permits` (1..burst) when there are as many. Returns nothing when taken, else how long to wait for them, in
/// which case nothing has changed. In any stretch of time t at most burst + count·t/per permits are given.
[[nodiscard]] std::optional<std::chrono::nanoseconds> take(Bucket& bucket, const Rate& rate, SteadyTime now,
                                                           std::int64_t permits = 1);

/// How long an empty bucket takes until it is full.
[[nodiscard]] std::chrono::nanoseconds refill_time(const Rate& rate);

}  // namespace writ::quota
