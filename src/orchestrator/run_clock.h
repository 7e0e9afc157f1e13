// The time of a host that drives runs, on a machine whose clock may be set forwards or back at any moment.
#pragma once

#include <algorithm>

#include "core/clock.h"

namespace writ::orchestrator {

/// One run's time while it is driven: the machine's, but it never goes back and never stands still. Where the machine's
/// clock is behind the run's events, time goes on from them at the pace of the monotonic clock.
class RunClock {
 public:
  explicit RunClock(const Clock& clock) : clock_(&clock), at_(clock.now()), steady_(clock.steady()) {}

  [[nodiscard]] WallTime now() {
    const auto steady = clock_->steady();
    const auto passed = at_ + std::chrono::floor<Millis>(steady - steady_);
    const auto wall = clock_->now();
    if (wall <= passed) return passed;
    at_ = wall;
    steady_ = steady;
    return wall;
  }
  /// It is at least so late: an event says so, or a timer that has run out.
  void reach(WallTime at) {
    if (at <= now()) return;
    at_ = at;
    steady_ = clock_->steady();
  }

 private:
  const Clock* clock_;
  WallTime at_;
  SteadyTime steady_;
};

/// Notices that the machine's clock was set: by a person, by NTP, by a machine that slept.
class ClockSteps {
 public:
  explicit ClockSteps(const Clock& clock) : clock_(&clock), offset_(offset()) {}
  /// How far it was set since the last look; nothing within `tolerance`, which slewing stays below.
  [[nodiscard]] Millis look() {
    constexpr Millis tolerance{200};
    const auto now = offset();
    const auto step = now - offset_;
    if (step > -tolerance && step < tolerance) return Millis{0};
    offset_ = now;
    return step;
  }

 private:
  [[nodiscard]] Millis offset() const {
    return clock_->now().time_since_epoch() - std::chrono::floor<Millis>(clock_->steady().time_since_epoch());
  }
  const Clock* clock_;
  Millis offset_;
};

}  // namespace writ::orchestrator
