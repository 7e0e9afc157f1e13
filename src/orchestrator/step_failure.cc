#include "orchestrator/step_failure.h"

namespace writ::orchestrator {
namespace {

EventData wait(const RunState& state, const FailedStep& failed, const Error& error, WallTime now) {
  auto pause = back_off(state.waits);
  if (error.retry_after && *error.retry_after > pause) pause = *error.retry_after;
  return WaitingDependency{.step = failed.step, .attempt = failed.attempt, .what = error.code, .retry_at = now + pause};
}

EventData end(const RunState& state, const Error& error) {
  // The message of an internal error stays in the process.
  auto reason = error.kind == ErrorKind::internal ? std::string("internal") : error.code + ": " + error.message;
  return RunFinished{
      .status = RunStatus::failed, .reason = std::move(reason), .prompt = state.prompt, .completion = state.completion};
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
      if (error.retry_after && now + *error.retry_after < state.deadline()) return wait(state, failed, error, now);
      return end(state, error);
    default: break;
  }
  if (failed.started && state.open_call() != nullptr) return std::nullopt;
  return end(state, error);
}

}  // namespace writ::orchestrator
