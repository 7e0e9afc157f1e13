#include "runtime/loop_watchdog.h"

#include <algorithm>
#include <string>

namespace writ::runtime {
namespace {

Task<void> watch(observability::Histogram lag, Millis interval, std::stop_token stop) {
  for (;;) {
    const auto due = system_clock().steady() + interval;
    if (!co_await async::sleep_for(interval, stop)) co_return;
    lag.observe(std::max<SteadyTime::duration>(system_clock().steady() - due, SteadyTime::duration::zero()));
  }
}

}  // namespace

Status watch_loops(async::Loops& loops, async::TaskGroup& tasks, observability::Registry& registry, Millis interval) {
  const auto lag = registry.histogram(loop_lag_info);
  for (std::size_t i = 0; i < loops.size(); ++i)
    WRIT_CHECK(tasks.spawn(loops.at(i), "lag of loop " + std::to_string(i), watch(lag, interval, tasks.stopping())));
  return {};
}

}  // namespace writ::runtime
