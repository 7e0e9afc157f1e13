// RunHistory: a run in tests, grown event by event, with the state and command that follow.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "orchestrator/run_machine.h"

namespace writ::orchestrator {

class RunHistory {
 public:
  /// A started run with small limits.
  explicit RunHistory(Limits limits = {.steps = 4, .tokens = Tokens{1'000}, .wall_ms = 60'000},
                      std::int64_t reducer = reducer_version) {
    add(RunStarted{.session_id = SessionId("ses_1"),
                   .subject = Subject("dev"),
                   .capsule = "assistant",
                   .capsule_version = 1,
                   .model = "tiny",
                   .prompt = "prompt",
                   .limits = limits,
                   .reducer_version = reducer});
  }

  RunHistory& add(EventData data, Millis later = Millis{10}) {
    at += later;
    events.push_back({.seq = static_cast<std::int64_t>(events.size()) + 1, .at = at, .data = std::move(data)});
    state = apply(std::move(state), events.back());
    return *this;
  }
  [[nodiscard]] std::optional<Command> command() const { return next(state, at); }
  /// The command, which must be of this type.
  template <class C>
  [[nodiscard]] C command_of() const {
    const auto found = command();
    if (!found || !std::holds_alternative<C>(*found)) {
      ADD_FAILURE() << "another command: " << (found ? static_cast<int>(found->index()) : -1);
      return {};
    }
    return std::get<C>(*found);
  }
  template <class C>
  [[nodiscard]] bool wants() const {
    const auto found = command();
    return found && std::holds_alternative<C>(*found);
  }

  RunHistory& decide_start(policy::Verdict verdict) {
    return add(Decided{.attempt = state.attempt,
                       .action = policy::Action::run_start,
                       .resource = {"Capsule", "assistant"},
                       .decision = verdict,
                       .decision_id = DecisionId("dec_start"),
                       .reasons = {{"rule", "because"}},
                       .review_scope = "reviews:start"});
  }
  RunHistory& start_model() {
    return add(StepStarted{.step = state.step, .attempt = state.attempt, .kind = StepKind::model});
  }
  RunHistory& output(std::vector<CallRef> calls = {}, Tokens prompt = Tokens{10}, Tokens completion = Tokens{5}) {
    return add(ModelOutput{.step = state.step,
                           .attempt = state.attempt,
                           .text = "text",
                           .tool_calls = std::move(calls),
                           .finish = "stop",
                           .prompt = prompt,
                           .completion = completion});
  }
  RunHistory& decide_tool(policy::Verdict verdict, DecisionId decision = DecisionId("dec_tool"),
                          std::string rule = "rule") {
    const auto* call = state.open_call();
    return add(Decided{
        .step = state.step,
        .attempt = call->attempt,
        .call_id = call->call.id,
        .action = policy::Action::tool_call,
        .resource = {"Tool", call->call.name},
        .decision = verdict,
        .decision_id = std::move(decision),
        .reasons = {{"rule", "not this tool"}},
        .review_scope = verdict == policy::Verdict::review ? std::optional<std::string>("reviews:tools") : std::nullopt,
        .review_rule = verdict == policy::Verdict::review ? std::optional(std::move(rule)) : std::nullopt});
  }
  RunHistory& start_tool(bool once = false) {
    const auto* call = state.open_call();
    return add(StepStarted{.step = state.step,
                           .attempt = call->attempt,
                           .kind = StepKind::tool,
                           .call_id = call->call.id,
                           .tool = call->call.name,
                           .once = once});
  }
  RunHistory& tool_returned(std::string outcome = "result") {
    const auto* call = state.open_call();
    return add(ToolReturned{.step = state.step,
                            .attempt = call->attempt,
                            .call_id = call->call.id,
                            .tool = call->call.name,
                            .result = "raw",
                            .length = 3,
                            .outcome = std::move(outcome)});
  }
  RunHistory& tool_result(std::string outcome = "result") {
    const auto* call = state.open_call();
    return add(ToolResult{.step = state.step,
                          .attempt = call->attempt,
                          .call_id = call->call.id,
                          .tool = call->call.name,
                          .result = "done",
                          .outcome = std::move(outcome)});
  }
  RunHistory& request_review() {
    const auto wanted = command_of<RequestReview>();
    return add(ReviewRequested{.review_id = ReviewId("rev_1"),
                               .kind = wanted.kind,
                               .step = wanted.step,
                               .attempt = wanted.attempt,
                               .call_id = wanted.call.id,
                               .tool = wanted.call.name,
                               .scope = wanted.scope,
                               .rule = wanted.rule,
                               .decision_id = wanted.decision_id,
                               .expires_at = at + Seconds{3600}});
  }
  RunHistory& answer(ReviewAnswer answer, std::optional<Subject> by = Subject("boss"), std::string hash = "hash") {
    return add(ReviewAnswered{.review_id = ReviewId("rev_1"),
                              .answer = answer,
                              .by = std::move(by),
                              .decision_id = DecisionId("dec_tool"),
                              .argument_hash = std::move(hash)});
  }
  RunHistory& wait_for(std::string what = "policy_unavailable") {
    return add(WaitingDependency{
        .step = state.step, .attempt = state.attempt, .what = std::move(what), .retry_at = at + Millis{500}});
  }
  RunHistory& cancel() { return add(CancelRequested{.by = Subject("dev")}); }
  /// Performs the command that must be Finish.
  RunHistory& finish() { return add(command_of<Finish>().result); }

  WallTime at{Millis{1'000'000}};
  std::vector<Event> events;
  RunState state;
};

/// A run up to its first model output, which calls these tools.
inline RunHistory in_tools(std::vector<CallRef> calls = {{"call_1", "journal", "args"}}) {
  RunHistory run;
  run.decide_start(policy::Verdict::allow).start_model().output(std::move(calls));
  return run;
}

inline void expect_finish(const RunHistory& run, RunStatus status, std::string_view reason) {
  const auto result = run.command_of<Finish>().result;
  EXPECT_EQ(result.status, status);
  EXPECT_TRUE(result.reason.starts_with(reason)) << result.reason;
}

}  // namespace writ::orchestrator
