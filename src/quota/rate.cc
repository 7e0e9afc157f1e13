#include "quota/rate.h"

#include <algorithm>

#include "core/assert.h"

namespace writ::quota {
namespace {

// Rounded up once for all of them, so that rounding never gives a permit too many and hardly one too few.
std::chrono::nanoseconds time_of(const Rate& rate, std::int64_t permits) {
  const auto per = std::chrono::nanoseconds(rate.per).count();
  const auto rest = per % rate.count * permits;
  return std::chrono::nanoseconds{per / rate.count * permits + rest / rate.count + (rest % rate.count == 0 ? 0 : 1)};
}

// When the bucket would be full again after the permits were taken.
SteadyTime full_after(const Bucket& bucket, const Rate& rate, SteadyTime now, std::int64_t permits) {
  WRIT_ASSERT(rate.count >= 1 && rate.per >= Millis{1} && rate.burst >= 1, "a rate has a count, a time and a burst");
  WRIT_ASSERT(rate.count <= Rate::permits_max && rate.burst <= Rate::permits_max, "products of two counts stay exact");
  WRIT_ASSERT(permits >= 1 && permits <= rate.burst, "more than the burst can never be taken");
  return std::max(bucket.full_at, now) + time_of(rate, permits);
}

}  // namespace

std::optional<std::chrono::nanoseconds> wait_for(const Bucket& bucket, const Rate& rate, SteadyTime now,
                                                 std::int64_t permits) {
  const auto wait = full_after(bucket, rate, now, permits) - (now + refill_time(rate));
  if (wait > std::chrono::nanoseconds::zero()) return wait;
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> take(Bucket& bucket, const Rate& rate, SteadyTime now, std::int64_t permits) {
  if (auto wait = wait_for(bucket, rate, now, permits)) return wait;
  bucket.full_at = full_after(bucket, rate, now, permits);
  return std::nullopt;
}

std::chrono::nanoseconds refill_time(const Rate& rate) { return time_of(rate, rate.burst); }

}  // namespace writ::quota
