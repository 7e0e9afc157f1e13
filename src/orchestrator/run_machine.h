// The run machine: a pure reducer. No clock, no I/O, no randomness: events and the time in, the next command out.
//
//   run_started ─▶ [decide start] ─ allow ─▶ [call model] ◀──────────────────────────────────┐
//                        │                       │ model_output                             │
//                        │ deny                  ├─ no calls ─▶ [finish completed]          │ all calls answered
//                        ▼                       └─ calls ─▶ per call: [decide and run tool] ─ tool_returned ─▶ [judge] ─▶ tool_result
//                 [finish denied]                    deny: the model is told │   │ unknown outcome, `once`       ▲
//                                                                    review └─▶ (waiting_review) ─ done ────────┘
//   any decision may say review ─▶ (waiting_review) ─▶ approve: decided again, deny: as a denial
//   any step, a dependency is down ─▶ (waiting_dependency) ─▶ resumed, next attempt
//   a started step was cut off ─▶ [restart], next attempt
//   any time: cancel_requested ─▶ [finish cancelled]; a limit reached ─▶ [finish failed]
//   but never while nobody knows whether a `once` call happened: (waiting_review) comes first, and the end after its answer
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "orchestrator/run_state.h"

namespace writ::orchestrator {

/// A step that is cut off this often in a row ends the run: what breaks every attempt will break the next.
inline constexpr int restarts_max = 3;
/// Needed to answer a review whose rule names no scope (an unknown outcome).
inline constexpr std::string_view default_review_scope = "reviews:decide";

// Commands; the host performs one and appends the events that say what came of it. All ids derive from run/step/attempt.
struct DecideStart {
  std::int64_t attempt = 1;
};
struct CallModel {
  std::int64_t step = 1, attempt = 1;
  Tokens step_tokens_max;  // what all attempts of the step may use together, prompts included
};
/// Decide the call and, when it is allowed, run it. An allow that led to no step, because a host died, is not used: the
/// call is decided again, under the constitution then in force.
struct DecideTool {
  std::int64_t step = 1, attempt = 1;
  CallRef call;
};
/// Decide on what the tool, or a person in its place, gave.
struct JudgeResult {
  std::int64_t step = 1, attempt = 1;
  CallRef call;
  ContentId result;
  std::string outcome;  // result | tool_error
  bool once = false;
};
/// Append review_requested. kind action: the last decision said review; unknown_outcome: a `once` tool was cut off.
struct RequestReview {
  ReviewKind kind = ReviewKind::action;
  std::int64_t step = 1, attempt = 1;
  CallRef call;
  DecisionId decision_id;
  std::string scope;
  std::string rule;
  std::string argument_hash;  // of the start or the model call; a tool's is computed when it is answered
};
/// Append step_restarted: the step was started and nobody knows how it ended; trying again is harmless.
struct Restart {
  std::int64_t step = 1, attempt = 1;
  std::string call_id;
};
/// Nothing until a review is answered or `until`; then append review_answered{deny} without `by`.
struct AwaitReview {
  ReviewId review_id;
  WallTime until;
};
/// Nothing until `until`; then append resumed.
struct AwaitDependency {
  std::int64_t step = 0, attempt = 1;
  WallTime until;
};
/// Append run_finished.
struct Finish {
  RunFinished result;
};
using Command = std::variant<DecideStart, CallModel, DecideTool, JudgeResult, RequestReview, Restart, AwaitReview,
                             AwaitDependency, Finish>;

/// Takes an event in. An event that is not the next by seq changes nothing; one that does not fit the state (a late
/// answer, a result of an older attempt) changes the clock and what was used, but not what comes next.
[[nodiscard]] RunState apply(RunState state, const Event& event);
/// What is to be done at `now`, by a host that has nothing under way for this run: a step that was started is one that was
/// cut off. Nothing before the start and after the end.
[[nodiscard]] std::optional<Command> next(const RunState& state, WallTime now);
[[nodiscard]] RunState replay(const std::vector<Event>& events);

/// The started call of a `once` tool whose outcome nobody knows, when no host has it under way; it waits for a person.
[[nodiscard]] const CallState* lost_call(const RunState& state);

/// How long to wait for a dependency before the attempt after `waits` waits: 0.5 s, doubling to 30 s.
[[nodiscard]] Millis back_off(int waits);

}  // namespace writ::orchestrator
