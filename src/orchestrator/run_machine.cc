#include "orchestrator/run_machine.h"

#include <algorithm>
#include <utility>

namespace writ::orchestrator {
namespace {

using Stage = RunState::Stage;
using CallStage = CallState::Stage;

std::string words_of(const std::vector<policy::Reason>& reasons) {
  return reasons.empty() || reasons.front().message.empty() ? "no rule permits it" : reasons.front().message;
}

void finish(RunState& s, RunStatus status, std::string reason, std::optional<ContentId> answer = std::nullopt) {
  if (!s.finish) s.finish = RunFinished{.status = status, .answer = std::move(answer), .reason = std::move(reason)};
}

CallState* call_named(RunState& s, std::string_view id) {
  if (s.stage != Stage::in_tools) return nullptr;
  const auto found =
      std::ranges::find_if(s.calls, [&](const auto& c) { return c.call.id == id && c.stage != CallStage::answered; });
  return found == s.calls.end() ? nullptr : &*found;
}

// The open call's attempt, or that of the start or the model call.
std::int64_t& current_attempt(RunState& s) {
  if (s.stage == Stage::in_tools)
    for (auto& call : s.calls)
      if (call.stage != CallStage::answered) return call.attempt;
  return s.attempt;
}

void answer_call(RunState& s, CallState& call, Turn turn) {
  turn.call_id = call.call.id;
  s.turns.push_back(std::move(turn));
  call.stage = CallStage::answered;
  s.waits = 0;
  // An approval is for one call: the same arguments later in the run are asked about again.
  std::erase_if(s.approvals, [&](const Approval& a) { return a.call_id == call.call.id; });
  if (s.open_call() != nullptr) return;
  s.calls.clear();
  s.approvals.clear();  // the model call's
  s.stage = Stage::calling_model;
  ++s.step;
  s.attempt = 1;
  s.restarts = 0;
}

void on(RunState& s, const RunStarted& e) {
  if (s.stage != Stage::none) return;
  s.stage = Stage::deciding_start;
  s.start = e;
  s.started_at = s.now;
}

WantedReview wanted_by(const Decided& e) {
  return {.decision_id = e.decision_id,
          .scope = e.review_scope.value_or(""),
          .rule = e.review_rule.value_or(""),
          .argument_hash = e.argument_hash};
}

void on_start_decided(RunState& s, const Decided& e) {
  if (s.stage != Stage::deciding_start || e.attempt != s.attempt || s.finish) return;
  s.waits = 0;
  switch (e.decision) {
    case policy::Verdict::allow:
      s.stage = Stage::calling_model;
      s.approvals.clear();
      s.step = 1;
      s.attempt = 1;
      return;
    case policy::Verdict::deny: return finish(s, RunStatus::denied, "start_denied: " + words_of(e.reasons));
    case policy::Verdict::review: s.wanted = wanted_by(e); return;
  }
}

void on_model_decided(RunState& s, const Decided& e) {
  if (e.step == s.step && e.step_tokens) s.cut_now = *e.step_tokens;
  if (s.stage != Stage::calling_model || e.step != s.step || e.attempt != s.attempt || s.finish) return;
  if (e.decision == policy::Verdict::allow) return;
  s.model_started = false;
  if (e.decision == policy::Verdict::deny) return finish(s, RunStatus::denied, "model_denied: " + words_of(e.reasons));
  s.wanted = wanted_by(e);
}

void on_tool_decided(RunState& s, const Decided& e) {
  auto* call = call_named(s, e.call_id);
  // A later decision of an attempt that was not started replaces the earlier one.
  if (call == nullptr || (call->stage != CallStage::undecided && call->stage != CallStage::allowed) ||
      e.attempt != call->attempt || s.finish)
    return;
  s.waits = 0;
  call->decision_id = e.decision_id;
  call->review_scope = e.review_scope.value_or("");
  call->review_rule = e.review_rule.value_or("");
  switch (e.decision) {
    case policy::Verdict::allow: call->stage = CallStage::allowed; return;
    case policy::Verdict::review: call->stage = CallStage::wants_review; return;
    case policy::Verdict::deny: return answer_call(s, *call, {.denied = words_of(e.reasons)});
  }
}

void on(RunState& s, const Decided& e) {
  if (e.tokens_left) s.tokens_left = e.tokens_left;
  switch (e.action) {
    case policy::Action::run_start: return on_start_decided(s, e);
    case policy::Action::model_call: return on_model_decided(s, e);
    case policy::Action::tool_call: return on_tool_decided(s, e);
    default: return;  // of an output or a result: model_output and tool_result say what came of it
  }
}

void on(RunState& s, const StepStarted& e) {
  if (s.finish) return;
  if (e.kind == StepKind::model) {
    if (s.stage == Stage::calling_model && e.step == s.step && e.attempt == s.attempt) s.model_started = true;
  } else if (auto* call = call_named(s, e.call_id);
             call != nullptr && call->stage == CallStage::allowed && e.attempt == call->attempt) {
    call->stage = CallStage::started;
    call->once = e.once;
  }
}

void on(RunState& s, const StepRestarted& e) {
  if (e.call_id.empty()) {
    if (s.stage != Stage::calling_model || !s.model_started || e.attempt <= s.attempt) return;
    s.model_started = false;
    s.attempt = e.attempt;
    ++s.restarts;
  } else if (auto* call = call_named(s, e.call_id);
             call != nullptr && call->stage == CallStage::started && e.attempt > call->attempt) {
    call->stage = CallStage::undecided;
    call->attempt = e.attempt;
    ++call->restarts;
  }
}

void on(RunState& s, const ModelOutput& e) {
  s.prompt += e.prompt;
  s.completion += e.completion;
  if (s.stage != Stage::calling_model || e.step != s.step || e.attempt != s.attempt || s.finish) return;
  s.model_started = false;
  s.waits = 0;
  s.cut += std::exchange(s.cut_now, Tokens{});
  if (e.denied) return finish(s, RunStatus::denied, "output_denied: " + e.reason);
  s.turns.push_back({.text = e.text, .tool_calls = e.tool_calls});
  // Cut off by its bound before it said or did anything: that is no answer.
  if (e.tool_calls.empty() && e.length == 0 && e.finish == "length")
    return finish(s, RunStatus::failed, "cut_short: the model's output reached its bound before it said anything");
  if (e.tool_calls.empty()) return finish(s, RunStatus::completed, "", e.text);
  s.stage = Stage::in_tools;
  for (const auto& call : e.tool_calls) s.calls.push_back({.call = call});
}

// What came is known, whatever has happened to the run meanwhile.
void on(RunState& s, const ToolReturned& e) {
  auto* call = call_named(s, e.call_id);
  if (call == nullptr || call->stage != CallStage::started || e.attempt != call->attempt) return;
  call->stage = CallStage::returned;
  call->result = e.result;
  call->outcome = e.outcome;
}

void on(RunState& s, const ToolResult& e) {
  auto* call = call_named(s, e.call_id);
  if (call == nullptr || e.attempt != call->attempt) return;
  // Before a decision there is one possible result: that there is no such tool.
  if (call->stage != CallStage::started && call->stage != CallStage::returned && e.outcome != "tool_error") return;
  answer_call(s, *call, {.text = e.result});
}

void on(RunState& s, const ReviewRequested& e) {
  if (s.review || (s.finish && e.kind != ReviewKind::unknown_outcome)) return;
  s.wanted.reset();
  s.review = e;
  s.status = RunStatus::waiting_review;
  s.waiting_since = s.now;
}

bool answers(ReviewKind kind, ReviewAnswer answer) {
  if (answer == ReviewAnswer::deny) return true;
  return (answer == ReviewAnswer::approve) == (kind == ReviewKind::action);
}

// The conversation shows what is really called. Ids of calls are unique in one output only.
void edit_arguments(RunState& s, CallState& call, const ContentId& arguments) {
  call.call.arguments = arguments;
  const auto turn =
      std::ranges::find_if(s.turns.rbegin(), s.turns.rend(), [](const Turn& t) { return !t.tool_calls.empty(); });
  if (turn == s.turns.rend()) return;
  for (auto& ref : turn->tool_calls)
    if (ref.id == call.call.id) ref.arguments = arguments;
}

void on_call_answered(RunState& s, CallState& call, const ReviewRequested& review, const ReviewAnswered& e) {
  switch (e.answer) {
    case ReviewAnswer::approve:
      if (e.arguments) edit_arguments(s, call, *e.arguments);
      [[fallthrough]];
    case ReviewAnswer::retry:
      call.stage = CallStage::undecided;
      ++call.attempt;
      return;
    case ReviewAnswer::done:
      if (s.start.reducer_version < 2) return answer_call(s, call, {.text = e.result.value_or("")});
      call.stage = CallStage::returned;
      call.result = e.result.value_or("");
      call.outcome = "result";
      return;
    case ReviewAnswer::deny: break;
  }
  std::string words = e.by ? "a reviewer denied it" : "nobody approved it in time";
  if (review.kind == ReviewKind::unknown_outcome)
    words = "it is unknown whether it happened, and it was not tried again";
  if (!e.note.empty()) words += ": " + e.note;
  answer_call(s, call, {.denied = std::move(words)});
}

// What was approved before of other arguments is approved no more.
void approve(RunState& s, const ReviewRequested& review, const ReviewAnswered& e) {
  auto hash = e.argument_hash.empty() ? review.argument_hash : e.argument_hash;
  std::erase_if(s.approvals, [&](const Approval& a) { return a.call_id == review.call_id && a.argument_hash != hash; });
  s.approvals.push_back({.decision_id = review.decision_id,
                         .argument_hash = std::move(hash),
                         .approver = *e.by,
                         .call_id = review.call_id});
}

void on(RunState& s, const ReviewAnswered& e) {
  if (!s.review || s.review->review_id != e.review_id || !answers(s.review->kind, e.answer)) return;
  const auto review = *std::exchange(s.review, std::nullopt);
  s.waited_for_people += s.now - *std::exchange(s.waiting_since, std::nullopt);
  s.status = RunStatus::running;
  if (e.answer == ReviewAnswer::approve && e.by) approve(s, review, e);
  auto* call = call_named(s, review.call_id);
  if (s.finish) {
    // The run ends: what the answer says of the call is recorded, and nothing is tried again.
    if (call != nullptr) call->stage = CallStage::answered;
    return;
  }
  if (call != nullptr) return on_call_answered(s, *call, review, e);
  // The review was about the start or a model call.
  if (e.answer == ReviewAnswer::approve) ++s.attempt;
  else finish(s, RunStatus::denied, e.by ? "review_denied: " + e.note : "review_expired: nobody approved it in time");
}

void on(RunState& s, const WaitingDependency& e) {
  if (s.review || s.waiting || s.finish) return;
  s.waiting = e;
  s.status = RunStatus::waiting_dependency;
  ++s.waits;
  s.model_started = false;
  s.restarts = 0;  // waits are bounded by the deadline instead
  for (auto& call : s.calls)
    if (call.stage == CallStage::started || call.stage == CallStage::allowed) call.stage = CallStage::undecided;
}

void on(RunState& s, const Resumed& e) {
  if (!s.waiting) return;
  s.waiting.reset();
  s.status = RunStatus::running;
  auto& attempt = current_attempt(s);
  attempt = std::max(attempt, e.attempt);
}

void on(RunState& s, const ContextTrimmed& e) { s.trimmed = e; }

void on(RunState& s, const CancelRequested& e) { finish(s, RunStatus::cancelled, "cancelled by " + e.by.str()); }

void on(RunState& s, const RunFinished& e) {
  s.stage = Stage::ended;
  s.status = e.status;
  s.finish = e;
  s.review.reset();
  s.waiting.reset();
}

}  // namespace

// No limit, no restart and no end of the run may hide it.
const CallState* lost_call(const RunState& s) {
  const auto* call = s.open_call();
  return call != nullptr && call->stage == CallStage::started && call->once ? call : nullptr;
}

const CallState* RunState::open_call() const {
  if (stage != Stage::in_tools) return nullptr;
  const auto found = std::ranges::find_if(calls, [](const auto& c) { return c.stage != CallStage::answered; });
  return found == calls.end() ? nullptr : &*found;
}

RunState apply(RunState state, const Event& event) {
  if (state.stage == Stage::ended || event.seq != state.last_seq + 1) return state;
  state.last_seq = event.seq;
  state.now = std::max(state.now, event.at);
  std::visit([&](const auto& data) { on(state, data); }, event.data);
  return state;
}

RunState replay(const std::vector<Event>& events) {
  RunState state;
  for (const auto& event : events) state = apply(std::move(state), event);
  return state;
}

Millis back_off(int waits) {
  constexpr Millis first{500}, most{30'000};
  return std::min(most, first * (1 << std::min(waits, 10)));
}

}  // namespace writ::orchestrator
