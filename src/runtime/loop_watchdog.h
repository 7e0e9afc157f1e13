// LoopWatchdog: the metric `io_loop_lag_seconds`, which shows when something blocks an I/O thread.
#pragma once

#include "async/loops.h"
#include "async/task_group.h"
#include "observability/metrics.h"

namespace writ::runtime {

inline constexpr observability::MetricInfo loop_lag_info{
    .name = "io_loop_lag_seconds",
    .help = "How late timers of an I/O loop fire; above 10 ms something blocks the loop.",
    .type = observability::MetricType::histogram};

/// Measures every loop once per `interval`, as tasks of the group, until it stops.
[[nodiscard]] Status watch_loops(async::Loops& loops, async::TaskGroup& tasks, observability::Registry& registry,
                                 Millis interval = Millis{250});

}  // namespace writ::runtime
