// RunState: where a run stands, as its events tell; a snapshot stores exactly this. Texts are content ids.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/run_event.h"

namespace writ::orchestrator {

/// Of an id that may not be there yet.
inline constexpr schema::Text optional_id{0, 256};

/// A tool call of the last model output and how far it has come.
struct CallState {
  enum class Stage { undecided, wants_review, allowed, started, returned, answered };
  CallRef call;
  Stage stage = Stage::undecided;
  std::int64_t attempt = 1;
  int restarts = 0;
  bool once = false;
  DecisionId decision_id;  // the last one
  std::string review_scope, review_rule;
  ContentId result;  // returned: what is to be judged
  std::string outcome;  // of the result: result or tool_error
  static constexpr auto fields() {
    return std::tuple(field("call", &CallState::call, any, "Call."), field("stage", &CallState::stage, any, "Stage."),
                      field("attempt", &CallState::attempt, any, "Attempt."),
                      field("restarts", &CallState::restarts, any, "Cut-off attempts in a row."),
                      field("once", &CallState::once, any, "Whether an unknown outcome needs a person."),
                      field("decision_id", &CallState::decision_id, optional_id, "The last one."),
                      field("review_scope", &CallState::review_scope, any, "Of an approver."),
                      field("review_rule", &CallState::review_rule, any, "Whose review it is."),
                      field_or_default("result", &CallState::result, any, "To be judged."),
                      field_or_default("outcome", &CallState::outcome, any, "Of the result."));
  }
};

/// One turn of the conversation inside the run, for the next model call.
struct Turn {
  ContentId text;  // assistant: its text; tool: what the model is told
  std::vector<CallRef> tool_calls;  // assistant
  std::string call_id;  // tool
  std::string denied;  // tool: the refusal in words, instead of text
  static constexpr auto fields() {
    return std::tuple(
        field("text", &Turn::text, any, "Content id."), field("tool_calls", &Turn::tool_calls, any, "Calls."),
        field("call_id", &Turn::call_id, any, "Answered call."), field("denied", &Turn::denied, any, "Refusal."));
  }
};

/// An approval that later decisions of the same action see. Each rule that wants a review has its own.
struct Approval {
  DecisionId decision_id;
  std::string argument_hash;
  Subject approver;
  std::string call_id;  // "" of the start or a model call
  static constexpr auto fields() {
    return std::tuple(field("decision_id", &Approval::decision_id, any, "Approved decision."),
                      field("argument_hash", &Approval::argument_hash, any, "What was approved."),
                      field("approver", &Approval::approver, any, "Who."),
                      field_or_default("call_id", &Approval::call_id, any, "Of which tool call."));
  }
};

/// A decision that said review and is not asked for yet.
struct WantedReview {
  DecisionId decision_id;
  std::string scope, rule;
  std::string argument_hash;
  static constexpr auto fields() {
    return std::tuple(field("decision_id", &WantedReview::decision_id, any, "That said review."),
                      field("scope", &WantedReview::scope, any, "Of an approver."),
                      field("rule", &WantedReview::rule, any, "Whose review it is."),
                      field("argument_hash", &WantedReview::argument_hash, any, "Of what was decided on."));
  }
};

struct RunState {
  enum class Stage { none, deciding_start, calling_model, in_tools, ended };
  Stage stage = Stage::none;
  RunStatus status = RunStatus::running;
  RunStarted start;
  std::int64_t last_seq = 0;
  WallTime now, started_at;
  Millis waited_for_people{0};  // does not count against the wall limit
  std::int64_t step = 0;  // of model calls, from 1
  std::int64_t attempt = 1;  // of the start or the model call
  bool model_started = false;  // step_started without a model_output
  int restarts = 0;  // of this model call
  int waits = 0;  // waits for a dependency without a success between them
  std::vector<CallState> calls;  // of the last output
  std::vector<Turn> turns;
  std::vector<Approval> approvals;
  std::optional<WantedReview> wanted;  // of the start or the model call
  std::optional<ReviewRequested> review;  // open
  std::optional<WallTime> waiting_since;  // for a person
  std::optional<WaitingDependency> waiting;
  Tokens prompt, completion;
  Tokens cut;  // charged for attempts of earlier steps that were cut off
  Tokens cut_now;  // of this step, as its last decision told
  std::optional<Tokens> tokens_left;
  std::optional<ContextTrimmed> trimmed;  // what the last model call was not told
  std::optional<RunFinished> finish;  // decided, not yet recorded; then the end

  static constexpr auto fields() {
    return std::tuple(
        field("stage", &RunState::stage, any, "Stage."), field("status", &RunState::status, any, "Status."),
        field("start", &RunState::start, any, "Its first event."),
        field("last_seq", &RunState::last_seq, any, "Events taken in."),
        field("now", &RunState::now, any, "Of the last event."),
        field("started_at", &RunState::started_at, any, "Of the first event."),
        field("waited_for_people", &RunState::waited_for_people, any, "Milliseconds."),
        field("step", &RunState::step, any, "Model calls."), field("attempt", &RunState::attempt, any, "Attempt."),
        field("model_started", &RunState::model_started, any, "Whether a model call is open."),
        field("restarts", &RunState::restarts, any, "Of this model call."),
        field("waits", &RunState::waits, any, "In a row."),
        field("calls", &RunState::calls, any, "Of the last output."),
        field("turns", &RunState::turns, any, "Conversation."),
        field("approvals", &RunState::approvals, any, "Not yet used."),
        field("wanted", &RunState::wanted, any, "Not yet asked for."), field("review", &RunState::review, any, "Open."),
        field("waiting_since", &RunState::waiting_since, any, "For a person."),
        field("waiting", &RunState::waiting, any, "For a dependency."),
        field("prompt", &RunState::prompt, any, "Prompt tokens."),
        field("completion", &RunState::completion, any, "Generated tokens."),
        field("cut", &RunState::cut, any, "Tokens of cut off attempts."),
        field("cut_now", &RunState::cut_now, any, "Of this step."),
        field("tokens_left", &RunState::tokens_left, any, "In the window."),
        field("trimmed", &RunState::trimmed, any, "Of the last model call."),
        field("finish", &RunState::finish, any, "Decided or recorded end."));
  }

  /// The wall limit as of what is known.
  [[nodiscard]] WallTime deadline() const { return started_at + Millis{start.limits.wall_ms} + waited_for_people; }
  /// What the attempts of this step may use together; policy takes off what it has charged for those before.
  [[nodiscard]] Tokens step_tokens_max() const { return start.limits.tokens - prompt - completion - cut; }
  [[nodiscard]] Tokens tokens_free() const { return step_tokens_max() - cut_now; }
  /// Charged for attempts that were cut off, if there were any.
  [[nodiscard]] std::optional<Tokens> cut_off() const {
    return (cut + cut_now).value > 0 ? std::optional(cut + cut_now) : std::nullopt;
  }
  /// The first call that has no answer yet, in in_tools.
  [[nodiscard]] const CallState* open_call() const;
};

}  // namespace writ::orchestrator

template <>
struct writ::schema::EnumNames<writ::orchestrator::CallState::Stage> {
  using S = writ::orchestrator::CallState::Stage;
  static constexpr auto value = std::array<std::pair<S, std::string_view>, 6>{{{S::undecided, "undecided"},
                                                                               {S::wants_review, "wants_review"},
                                                                               {S::allowed, "allowed"},
                                                                               {S::started, "started"},
                                                                               {S::returned, "returned"},
                                                                               {S::answered, "answered"}}};
};
template <>
struct writ::schema::EnumNames<writ::orchestrator::RunState::Stage> {
  using S = writ::orchestrator::RunState::Stage;
  static constexpr auto value = std::array<std::pair<S, std::string_view>, 5>{{{S::none, "none"},
                                                                               {S::deciding_start, "deciding_start"},
                                                                               {S::calling_model, "calling_model"},
                                                                               {S::in_tools, "in_tools"},
                                                                               {S::ended, "ended"}}};
};
