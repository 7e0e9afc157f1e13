#include "observability/health.h"

#include <utility>

namespace writ::observability {

void LastKnown::set(Status status, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  at_ = now;
}

Status LastKnown::get(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (at_ == SteadyTime::min()) return fail(unavailable("not_yet_known", what_ + ": not checked yet"));
  if (!status_) return status_;
  if (now - at_ > max_age_)
    return fail(unavailable(
        "stale",
        what_ + ": last checked " + std::to_string(std::chrono::duration_cast<Seconds>(now - at_).count()) + " s ago"));
  return {};
}

}  // namespace writ::observability
