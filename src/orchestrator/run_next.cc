// What a run wants done next: the half of the machine that reads the state and changes nothing.
#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "orchestrator/run_machine.h"

namespace writ::orchestrator {
namespace {

using Stage = RunState::Stage;
using CallStage = CallState::Stage;

Finish finish_with(const RunState& s, RunFinished result) {
  result.prompt = s.prompt;
  result.completion = s.completion;
  result.cut = s.cut_off();
  return {std::move(result)};
}
Finish fail_with(const RunState& s, std::string reason) {
  return finish_with(s, {.status = RunStatus::failed, .reason = std::move(reason)});
}

Command next_model(const RunState& s) {
  if (s.model_started) {
    if (s.restarts >= restarts_max) return fail_with(s, "cut_off: the model call was cut off in every attempt");
    return Restart{.step = s.step, .attempt = s.attempt + 1};
  }
  if (s.step > s.start.limits.steps)
    return fail_with(s, "step_limit: the run used all of its " + std::to_string(s.start.limits.steps) + " steps");
  if (s.tokens_free().value <= 0)
    return fail_with(s,
                     "token_limit: the run used all of its " + std::to_string(s.start.limits.tokens.value) + " tokens");
  return CallModel{.step = s.step, .attempt = s.attempt, .step_tokens_max = s.step_tokens_max()};
}

Command next_call(const RunState& s, const CallState& c) {
  switch (c.stage) {
    case CallStage::undecided:
    case CallStage::allowed: return DecideTool{.step = s.step, .attempt = c.attempt, .call = c.call};
    case CallStage::returned:
      return JudgeResult{.step = s.step,
                         .attempt = c.attempt,
                         .call = c.call,
                         .result = c.result,
                         .outcome = c.outcome,
                         .once = c.once};
    case CallStage::wants_review:
      return RequestReview{.kind = ReviewKind::action,
                           .step = s.step,
                           .attempt = c.attempt,
                           .call = c.call,
                           .decision_id = c.decision_id,
                           .scope = c.review_scope,
                           .rule = c.review_rule};
    case CallStage::started:
      if (c.restarts >= restarts_max)
        return fail_with(s, "cut_off: the call of " + c.call.name + " was cut off in every attempt");
      return Restart{.step = s.step, .attempt = c.attempt + 1, .call_id = c.call.id};
    case CallStage::answered: break;
  }
  WRIT_ASSERT(false, "open_call() has no answer");
  std::unreachable();
}

}  // namespace

std::optional<Command> next(const RunState& s, WallTime now) {
  if (s.stage == Stage::none || s.stage == Stage::ended) return std::nullopt;
  const auto* lost = lost_call(s);
  if (s.finish && lost == nullptr) return finish_with(s, *s.finish);
  if (s.review) return AwaitReview{.review_id = s.review->review_id, .until = s.review->expires_at};
  if (lost != nullptr)
    return RequestReview{.kind = ReviewKind::unknown_outcome,
                         .step = s.step,
                         .attempt = lost->attempt,
                         .call = lost->call,
                         .decision_id = lost->decision_id,
                         .scope = lost->review_scope};
  if (now >= s.deadline()) {
    auto reason = "time_limit: the run took longer than " + std::to_string(s.start.limits.wall_ms) + " ms";
    if (s.waiting) reason += ", waiting for " + s.waiting->what;
    return fail_with(s, std::move(reason));
  }
  const auto* call = s.open_call();
  if (s.waiting)
    return AwaitDependency{.step = s.step,
                           .attempt = (call != nullptr ? call->attempt : s.attempt) + 1,
                           .until = std::min(s.waiting->retry_at, s.deadline())};
  if (s.wanted)
    return RequestReview{.kind = ReviewKind::action,
                         .step = s.step,
                         .attempt = s.attempt,
                         .call = {},
                         .decision_id = s.wanted->decision_id,
                         .scope = s.wanted->scope,
                         .rule = s.wanted->rule,
                         .argument_hash = s.wanted->argument_hash};
  switch (s.stage) {
    case Stage::deciding_start: return DecideStart{.attempt = s.attempt};
    case Stage::calling_model: return next_model(s);
    case Stage::in_tools: return next_call(s, *call);
    case Stage::none:
    case Stage::ended: break;
  }
  return std::nullopt;
}

}  // namespace writ::orchestrator
