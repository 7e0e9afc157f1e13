// The durable events of a run: what is stored, replayed and, resolved, shown. Texts are content ids, so history stays bounded.
#pragma once

#include <variant>

#include "identity/api/types.h"
#include "orchestrator/api/types.h"
#include "policy/api/types.h"

namespace writ::orchestrator {

/// Content ids stand for texts in the content store, under the session's data subject.
using ContentId = std::string;

struct Limits {
  std::int64_t steps = 8;  // model calls
  Tokens tokens{20'000};  // prompt + completion over the run
  std::int64_t wall_ms = 600'000;
  static constexpr auto fields() {
    return std::tuple(field("steps", &Limits::steps, number(1, 100), "Model calls."),
                      field("tokens", &Limits::tokens, number(1, 10'000'000), "Tokens over the run."),
                      field("wall_ms", &Limits::wall_ms, number(1000, 7LL * 86'400'000),
                            "Wall time, without waiting for people, milliseconds."));
  }
};

struct CallRef {
  std::string id;
  std::string name;
  ContentId arguments;
  static constexpr auto fields() {
    return std::tuple(field("id", &CallRef::id, any, "Call."), field("name", &CallRef::name, any, "Tool."),
                      field("arguments", &CallRef::arguments, any, "Content id of the JSON text."));
  }
};

/// What the run machine makes of events; a run pins the one it started with.
///   1   a person's `done` answers the call at once
///   2   a result is recorded when it comes and judged before it answers the call, a person's `done` too
inline constexpr std::int64_t reducer_version = 2;

enum class StepKind { start, model, tool };

struct RunStarted {
  SessionId session_id;
  Subject subject;
  // What it was started with; no step has more. Absent in runs of the versions that did not record it.
  std::optional<std::vector<std::string>> scopes{};
  std::optional<identity::CredentialInfo> credential{};
  std::vector<std::string> act{};
  std::string capsule;
  std::int64_t capsule_version = 0;
  std::string capsule_hash;  // SHA-256 in hex of its canonical JSON
  std::string model;
  ContentId prompt;
  json::value tool_choice = "auto";
  Limits limits;
  std::int64_t reducer_version = orchestrator::reducer_version;
  static constexpr auto fields() {
    return std::tuple(field("session_id", &RunStarted::session_id, any, "Session."),
                      field("subject", &RunStarted::subject, any, "Whose run."),
                      field("scopes", &RunStarted::scopes, any, "What it was started with."),
                      field("credential", &RunStarted::credential, any, "The key or token that started it."),
                      field_or_default("act", &RunStarted::act, any, "Who acts for whose run it is."),
                      field("capsule", &RunStarted::capsule, any, "Capsule."),
                      field("capsule_version", &RunStarted::capsule_version, any, "Its version."),
                      field_or_default("capsule_hash", &RunStarted::capsule_hash, any, "Of its canonical JSON."),
                      field("model", &RunStarted::model, any, "Model."),
                      field("prompt", &RunStarted::prompt, any, "Content id."),
                      field_or_default("tool_choice", &RunStarted::tool_choice, any, "Of the first step."),
                      field("limits", &RunStarted::limits, any, "Limits."),
                      field("reducer_version", &RunStarted::reducer_version, any, "Pinned."));
  }
};
struct Decided {
  std::int64_t step = 0, attempt = 0;
  std::string call_id;  // tool.call and tool.result
  policy::Action action = policy::Action::run_start;
  policy::Resource resource;
  std::string argument_hash;  // of what was decided on
  policy::Verdict decision = policy::Verdict::deny;
  DecisionId decision_id;
  std::vector<policy::Reason> reasons;
  std::string policy_version;
  std::optional<std::string> review_scope;
  std::optional<std::string> review_rule;
  std::optional<Tokens> tokens_left;
  std::optional<Tokens> step_tokens;  // of a model call: charged for earlier attempts of its step
  static constexpr auto fields() {
    return std::tuple(field("step", &Decided::step, any, "Step."), field("attempt", &Decided::attempt, any, "Attempt."),
                      field_or_default("call_id", &Decided::call_id, any, "Tool call."),
                      field("action", &Decided::action, any, "Action."),
                      field("resource", &Decided::resource, any, "Resource."),
                      field_or_default("argument_hash", &Decided::argument_hash, any, "Of what was decided on."),
                      field("decision", &Decided::decision, any, "Verdict."),
                      field("decision_id", &Decided::decision_id, any, "Recorded decision."),
                      field("reasons", &Decided::reasons, any, "Rules."),
                      field("policy_version", &Decided::policy_version, any, "In force."),
                      field("review_scope", &Decided::review_scope, any, "Of an approver."),
                      field("review_rule", &Decided::review_rule, any, "Whose review it is."),
                      field("tokens_left", &Decided::tokens_left, any, "In the window."),
                      field("step_tokens", &Decided::step_tokens, any, "Charged for earlier attempts of the step."));
  }
};
/// The send fence: committed before a model or a tool is called.
struct StepStarted {
  std::int64_t step = 0, attempt = 0;
  StepKind kind = StepKind::model;
  std::string call_id, tool;
  std::optional<ContentId> arguments;
  bool once = false;  // the tool's effect
  static constexpr auto fields() {
    return std::tuple(field("step", &StepStarted::step, any, "Step."),
                      field("attempt", &StepStarted::attempt, any, "Attempt."),
                      field("kind", &StepStarted::kind, any, "model or tool."),
                      field_or_default("call_id", &StepStarted::call_id, any, "Tool call."),
                      field_or_default("tool", &StepStarted::tool, any, "Tool."),
                      field("arguments", &StepStarted::arguments, any, "Content id."),
                      field_or_default("once", &StepStarted::once, any, "Whether an unknown outcome needs a person."));
  }
};
/// A crash or an outage cut the step off: clients drop the deltas of older attempts.
struct StepRestarted {
  std::int64_t step = 0, attempt = 0;
  std::string call_id;
  static constexpr auto fields() {
    return std::tuple(field("step", &StepRestarted::step, any, "Step."),
                      field("attempt", &StepRestarted::attempt, any, "The new attempt."),
                      field_or_default("call_id", &StepRestarted::call_id, any, "Tool call."));
  }
};
struct ModelOutput {
  std::int64_t step = 0, attempt = 0;
  ContentId text;
  std::int64_t length = 0;  // bytes
  std::vector<CallRef> tool_calls;
  std::string finish;  // slm::FinishReason by name
  Tokens prompt, completion;
  bool denied = false;
  std::string reason;
  static constexpr auto fields() {
    return std::tuple(
        field("step", &ModelOutput::step, any, "Step."), field("attempt", &ModelOutput::attempt, any, "Attempt."),
        field("text", &ModelOutput::text, any, "Content id."), field("length", &ModelOutput::length, any, "Bytes."),
        field("tool_calls", &ModelOutput::tool_calls, any, "Not yet decided."),
        field("finish", &ModelOutput::finish, any, "Why it ended."),
        field("prompt", &ModelOutput::prompt, any, "Prompt tokens."),
        field("completion", &ModelOutput::completion, any, "Generated tokens."),
        field_or_default("denied", &ModelOutput::denied, any, "Whether the call or its output was denied."),
        field_or_default("reason", &ModelOutput::reason, any, "Why."));
  }
};
/// What a tool gave, before it is judged: recorded first, so that neither a crash nor an outage of policy loses it or lets
/// the call happen again. Nobody is shown it: tool_result holds what the judgement lets through.
struct ToolReturned {
  std::int64_t step = 0, attempt = 0;
  std::string call_id, tool;
  ContentId result;
  std::int64_t length = 0;  // bytes
  std::string outcome;  // result | tool_error
  static constexpr auto fields() {
    return std::tuple(
        field("step", &ToolReturned::step, any, "Step."), field("attempt", &ToolReturned::attempt, any, "Attempt."),
        field("call_id", &ToolReturned::call_id, any, "Tool call."), field("tool", &ToolReturned::tool, any, "Tool."),
        field("result", &ToolReturned::result, any, "Content id."),
        field("length", &ToolReturned::length, any, "Bytes."),
        field("outcome", &ToolReturned::outcome, any, "result or tool_error."));
  }
};
struct ToolResult {
  std::int64_t step = 0, attempt = 0;
  std::string call_id, tool;
  ContentId result;
  std::string outcome;  // result | tool_error | denied
  static constexpr auto fields() {
    return std::tuple(
        field("step", &ToolResult::step, any, "Step."), field("attempt", &ToolResult::attempt, any, "Attempt."),
        field("call_id", &ToolResult::call_id, any, "Tool call."), field("tool", &ToolResult::tool, any, "Tool."),
        field("result", &ToolResult::result, any, "Content id of what the model is told."),
        field("outcome", &ToolResult::outcome, any, "result, tool_error or denied."));
  }
};
struct ReviewRequested {
  ReviewId review_id;
  ReviewKind kind = ReviewKind::action;
  std::int64_t step = 0, attempt = 0;
  std::string call_id, tool;
  std::optional<ContentId> arguments;
  std::string scope;
  std::string rule;  // whose review it is; "" for an unknown outcome
  DecisionId decision_id;
  std::string argument_hash;  // what an approval of the start or a model call is for
  WallTime expires_at;
  static constexpr auto fields() {
    return std::tuple(
        field("review_id", &ReviewRequested::review_id, any, "Review."),
        field("kind", &ReviewRequested::kind, any, "Kind."), field("step", &ReviewRequested::step, any, "Step."),
        field("attempt", &ReviewRequested::attempt, any, "Attempt."),
        field_or_default("call_id", &ReviewRequested::call_id, any, "Tool call."),
        field_or_default("tool", &ReviewRequested::tool, any, "Tool."),
        field("arguments", &ReviewRequested::arguments, any, "Content id."),
        field("scope", &ReviewRequested::scope, any, "Of an approver."),
        field_or_default("rule", &ReviewRequested::rule, any, "Whose review it is."),
        field("decision_id", &ReviewRequested::decision_id, any, "That asked for it."),
        field_or_default("argument_hash", &ReviewRequested::argument_hash, any, "What an approval is for."),
        field("expires_at", &ReviewRequested::expires_at, any, "Then: deny."));
  }
};
struct ReviewAnswered {
  ReviewId review_id;
  ReviewAnswer answer = ReviewAnswer::deny;
  std::optional<Subject> by;  // absent: it expired
  DecisionId decision_id;  // that asked for it
  std::string argument_hash;  // what was approved
  std::optional<ContentId> arguments;  // edited
  std::optional<ContentId> result;  // done
  std::string note;
  static constexpr auto fields() {
    return std::tuple(field("review_id", &ReviewAnswered::review_id, any, "Review."),
                      field("answer", &ReviewAnswered::answer, any, "Answer."),
                      field("by", &ReviewAnswered::by, any, "Who."),
                      field_or_default("decision_id", &ReviewAnswered::decision_id, any, "That asked for it."),
                      field_or_default("argument_hash", &ReviewAnswered::argument_hash, any, "What was approved."),
                      field("arguments", &ReviewAnswered::arguments, any, "Edited, content id."),
                      field("result", &ReviewAnswered::result, any, "Content id."),
                      field_or_default("note", &ReviewAnswered::note, any, "Why."));
  }
};
struct WaitingDependency {
  std::int64_t step = 0, attempt = 0;
  std::string what;  // stable code of the error
  WallTime retry_at;
  static constexpr auto fields() {
    return std::tuple(field("step", &WaitingDependency::step, any, "Step."),
                      field("attempt", &WaitingDependency::attempt, any, "Attempt that could not be made."),
                      field("what", &WaitingDependency::what, any, "What is down."),
                      field("retry_at", &WaitingDependency::retry_at, any, "Next attempt."));
  }
};
struct Resumed {
  std::int64_t step = 0, attempt = 0;
  static constexpr auto fields() {
    return std::tuple(field("step", &Resumed::step, any, "Step."),
                      field("attempt", &Resumed::attempt, any, "The new attempt."));
  }
};
/// The model is told less than was said: the conversation does not fit into its context. Once for each such choice.
struct ContextTrimmed {
  std::int64_t step = 0, attempt = 0;
  std::int64_t exchanges = 0;  // of earlier runs that are left out
  std::int64_t steps = 0;  // of this run that are left out
  std::int64_t results = 0;  // of tools that are shortened
  Tokens prompt, context;
  static constexpr auto fields() {
    return std::tuple(field("step", &ContextTrimmed::step, any, "Step."),
                      field("attempt", &ContextTrimmed::attempt, any, "Attempt."),
                      field("exchanges", &ContextTrimmed::exchanges, any, "Earlier exchanges that are left out."),
                      field("steps", &ContextTrimmed::steps, any, "Steps of this run that are left out."),
                      field("results", &ContextTrimmed::results, any, "Results of tools that are shortened."),
                      field("prompt", &ContextTrimmed::prompt, any, "Prompt tokens that are left."),
                      field("context", &ContextTrimmed::context, any, "The model's context, tokens."));
  }
};
struct CancelRequested {
  Subject by;
  static constexpr auto fields() { return std::tuple(field("by", &CancelRequested::by, any, "Who.")); }
};
struct RunFinished {
  RunStatus status = RunStatus::completed;
  std::optional<ContentId> answer;
  std::string reason;  // stable code and words; empty when completed
  Tokens prompt, completion;
  std::optional<Tokens> cut;  // charged for attempts that were cut off; absent when there were none
  static constexpr auto fields() {
    return std::tuple(field("status", &RunFinished::status, any, "How it ended."),
                      field("answer", &RunFinished::answer, any, "Content id."),
                      field_or_default("reason", &RunFinished::reason, any, "Why."),
                      field("prompt", &RunFinished::prompt, any, "Prompt tokens."),
                      field("completion", &RunFinished::completion, any, "Generated tokens."),
                      field("cut", &RunFinished::cut, any, "Charged for attempts that were cut off."));
  }
};

using EventData = std::variant<RunStarted, Decided, StepStarted, StepRestarted, ModelOutput, ToolResult,
                               ReviewRequested, ReviewAnswered, WaitingDependency, Resumed, CancelRequested,
                               RunFinished, ToolReturned, ContextTrimmed>;

/// `seq` counts from 1 without a gap; `at` is the only time a run knows.
struct Event {
  std::int64_t seq = 0;
  WallTime at;
  EventData data;
};

/// "run_started", "decided", …
[[nodiscard]] std::string_view type_of(const EventData& data);
[[nodiscard]] json::object encode_event(const EventData& data);
/// Unknown fields are ignored; `v` selects the upcast. Errors: internal (unknown type or version: newer than this binary).
[[nodiscard]] Result<EventData> decode_event(std::string_view type, std::int64_t v, const json::value& data);
/// The version that encode_event writes.
inline constexpr std::int64_t event_version = 1;

}  // namespace writ::orchestrator

template <>
struct writ::schema::EnumNames<writ::orchestrator::StepKind> {
  using K = writ::orchestrator::StepKind;
  static constexpr auto value =
      std::array<std::pair<K, std::string_view>, 3>{{{K::start, "start"}, {K::model, "model"}, {K::tool, "tool"}}};
};
