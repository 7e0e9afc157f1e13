// ToolRunner: calls of tools that end in time whether the tool does or not. Each call is a task of its own, so that a tool
// that hangs holds nobody: not its driver, not a cancelled run, not the stop of the process.
#pragma once

#include "async/task_group.h"
#include "tools/tool.h"

namespace writ::tools {

/// A tool that is told to end, by its deadline or a cancellation, has this long to say how its call ended.
inline constexpr Millis last_words{250};
/// A `once` tool is not cut off at once when its caller leaves: what it says within this time needs no person.
inline constexpr Millis once_grace{2000};

/// Thread: any.
class ToolRunner {
 public:
  /// At most `calls_max` calls at once, those that hang and that nobody waits for any more included.
  explicit ToolRunner(std::size_t calls_max) : calls_("tools.calls", calls_max) {}

  /// Performs the call within the context and the tool's own timeout. Errors: the tool's, with the outcome that they stand
  /// for (outcome_of); deadline and cancelled of unknown outcome when the tool did not end in time; internal when it threw;
  /// unavailable (group_full, not_sent) at the limit.
  /// Cancellation: the tool is told; the call returns after last_words, or after once_grace.
  [[nodiscard]] Task<Result<json::value>> call(Tool& tool, Context ctx, ToolCallContext call, json::object arguments);
  /// Calls that have not ended.
  [[nodiscard]] std::size_t running() const { return calls_.running(); }
  /// Tells all calls to end and waits for them. Errors: deadline, naming the tools that hang.
  [[nodiscard]] Task<Status> stop(Millis patience) { return calls_.stop(patience); }

 private:
  async::TaskGroup calls_;
};

}  // namespace writ::tools
