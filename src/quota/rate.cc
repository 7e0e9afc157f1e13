#include "quota/rate.h"

#include <algorithm>

#include "core/assert.h"

namespace writ::quota {

std::optional<std::chrono::nanoseconds> take(Bucket& bucket, const Rate& rate, SteadyTime now, std::int64_t permits) {
  WRIT_ASSERT(rate.count >= 1 && rate.per >= Millis{1} && rate.burst >= 1, "a rate has a count, a time and a burst");
  WRIT_ASSERT(permits >= 1 && permits <= rate.burst, "more than the burst can never be taken");
  // Rounded up, so that rounding never gives a permit too many.
  const auto per = std::chrono::nanoseconds(rate.per).count();
  const std::chrono::nanoseconds interval{per / rate.count + (per % rate.count == 0 ? 0 : 1)};
  const auto full_at = std::max(bucket.full_at, now) + interval * permits;
  const auto wait = full_at - (now + interval * rate.burst);
  if (wait > std::chrono::nanoseconds::zero()) return wait;
  bucket.full_at = full_at;
  return std::nullopt;
}

}  // namespace writ::quota
