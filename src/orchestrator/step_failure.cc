#include "orchestrator/step_failure.h"

#include <algorithm>

namespace writ::orchestrator {
namespace {

constexpr std::string_view budget_reserved = "budget_reserved";  // of policy.evaluate

// Calls under way end within seconds: whoever waits for what they hold looks again that often.
constexpr Millis reserved_pause_max{5'000};

EventData wait(const RunState& state, const FailedStep& failed, const Error& error, WallTime now) {
  auto pause = back_off(state.waits);
  if (error.code == budget_reserved) pause = std::min(pause, reserved_pause_max);
  if (error.retry_after && *error.retry_after > pause) pause = *error.retry_after;
  return WaitingDependency{.step = failed.step, .attempt = failed.attempt, .what = error.code, .retry_at = now + pause};
}

EventData end(const RunState& state, const Error& error) {
  // The message of an internal error stays in the process.
  auto reason = error.kind == ErrorKind::internal ? std::string("internal") : error.code + ": " + error.message;
  return RunFinished{.status = RunStatus::failed,
                     .reason = std::move(reason),
                     .prompt = state.prompt,
                     .completion = state.completion,
                     .cut = state.cut_off()};
}

}  // namespace

std::optional<EventData> after_failure(const RunState& state, const FailedStep& failed, const Error& error,
                                       WallTime now) {
  const bool may_have_acted = failed.started && error.outcome == Outcome::unknown;
  if (failed.once && may_have_acted) return std::nullopt;
  switch (error.kind) {
    case ErrorKind::deadline:
      // A tool that never ends in time is cut off, not down.
      if (failed.started && may_have_acted && state.open_call() != nullptr) return std::nullopt;
      return wait(state, failed, error, now);
    case ErrorKind::unavailable:
    case ErrorKind::cancelled: return wait(state, failed, error, now);
    case ErrorKind::quota_exceeded:
      if (error.code == budget_reserved) return wait(state, failed, error, now);
      if (error.retry_after && now + *error.retry_after < state.deadline()) return wait(state, failed, error, now);
      return end(state, error);
    default: break;
  }
  if (failed.started && state.open_call() != nullptr) return std::nullopt;
  return end(state, error);
}

}  // namespace writ::orchestrator
