// What a run does about a step that failed: wait for a dependency, end, or let the machine see that the step was cut off.
#pragma once

#include "orchestrator/run_machine.h"

namespace writ::orchestrator {

struct FailedStep {
  std::int64_t step = 0, attempt = 0;
  bool once = false;  // it was a tool whose effect must not happen twice
  bool started = false;  // step_started is recorded
};

/// The event to append: waiting_dependency or run_finished; nothing when the step stays cut off, and next() then restarts
/// it or asks a person.
///   unavailable, deadline, cancelled    wait, with back-off; not when a `once` tool may have acted
///   budget_reserved                     wait: only calls under way are in the way
///   quota_exceeded else                 wait for the window if that is before the deadline, else fail
///   everything else                     a tool that was started: cut off (bounded by restarts_max); otherwise fail
[[nodiscard]] std::optional<EventData> after_failure(const RunState& state, const FailedStep& failed,
                                                     const Error& error, WallTime now);

}  // namespace writ::orchestrator
