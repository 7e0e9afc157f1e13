// What others may know of the orchestrator: sessions, runs, their events and reviews.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/units.h"
#include "schema/codec.h"

namespace writ::orchestrator {

/// running ⇄ waiting_review (a person must answer), running ⇄ waiting_dependency (a service is down; backs off);
/// all others are ends. A cancelled run is waiting_review as long as nobody knows whether a `once` call happened.
enum class RunStatus { running, waiting_review, waiting_dependency, completed, denied, failed, cancelled };
[[nodiscard]] constexpr bool is_end(RunStatus s) { return s >= RunStatus::completed; }

/// approve and deny answer a review of an action; retry, done and deny answer a `once` tool whose outcome is unknown.
enum class ReviewAnswer { approve, deny, retry, done };
enum class ReviewKind { action, unknown_outcome };
enum class ReviewStatus { open, approved, denied, retried, done, expired };

}  // namespace writ::orchestrator

template <>
struct writ::schema::EnumNames<writ::orchestrator::RunStatus> {
  using S = writ::orchestrator::RunStatus;
  static constexpr auto value =
      std::array<std::pair<S, std::string_view>, 7>{{{S::running, "running"},
                                                     {S::waiting_review, "waiting_review"},
                                                     {S::waiting_dependency, "waiting_dependency"},
                                                     {S::completed, "completed"},
                                                     {S::denied, "denied"},
                                                     {S::failed, "failed"},
                                                     {S::cancelled, "cancelled"}}};
};
template <>
struct writ::schema::EnumNames<writ::orchestrator::ReviewAnswer> {
  using A = writ::orchestrator::ReviewAnswer;
  static constexpr auto value = std::array<std::pair<A, std::string_view>, 4>{
      {{A::approve, "approve"}, {A::deny, "deny"}, {A::retry, "retry"}, {A::done, "done"}}};
};
template <>
struct writ::schema::EnumNames<writ::orchestrator::ReviewKind> {
  using K = writ::orchestrator::ReviewKind;
  static constexpr auto value =
      std::array<std::pair<K, std::string_view>, 2>{{{K::action, "action"}, {K::unknown_outcome, "unknown_outcome"}}};
};
template <>
struct writ::schema::EnumNames<writ::orchestrator::ReviewStatus> {
  using S = writ::orchestrator::ReviewStatus;
  static constexpr auto value = std::array<std::pair<S, std::string_view>, 6>{{{S::open, "open"},
                                                                               {S::approved, "approved"},
                                                                               {S::denied, "denied"},
                                                                               {S::retried, "retried"},
                                                                               {S::done, "done"},
                                                                               {S::expired, "expired"}}};
};

namespace writ::orchestrator {

using schema::any;
using schema::field;
using schema::field_or_default;
using schema::number;
using schema::text;

struct StartSession {
  std::string prompt;
  std::optional<std::string> capsule;   // "assistant" or "assistant@1"
  std::optional<std::string> model;     // instead of the capsule's
  schema::TextMap metadata;             // kept with the session, shown back
  std::optional<json::value> tool_choice;  // of the first step, as OpenAI's
  static constexpr auto fields() {
    return std::tuple(
        field("prompt", &StartSession::prompt, text(1, 65536), "What the person asks."),
        field("capsule", &StartSession::capsule, text(1, 128), "Agent definition; the default is assistant."),
        field("model", &StartSession::model, text(1, 128), "Model instead of the capsule's."),
        field_or_default("metadata", &StartSession::metadata, text(0, 512), "Kept with the session."),
        field("tool_choice", &StartSession::tool_choice, any,
              "auto, none, required or one function, for the first step."));
  }
};
struct Started {
  SessionId session_id;
  RunId run_id;
  RunStatus status = RunStatus::running;
  static constexpr auto fields() {
    return std::tuple(field("session_id", &Started::session_id, any, "Session."),
                      field("run_id", &Started::run_id, any, "Its run."),
                      field("status", &Started::status, any, "Of the run."));
  }
};
struct PostMessage {
  SessionId session_id;  // path
  std::string prompt;
  std::optional<json::value> tool_choice;
  static constexpr auto fields() {
    return std::tuple(field("session_id", &PostMessage::session_id, any, "Session."),
                      field("prompt", &PostMessage::prompt, text(1, 65536), "What the person says next."),
                      field("tool_choice", &PostMessage::tool_choice, any, "Of the first step."));
  }
};
struct SessionRef {
  SessionId session_id;
  static constexpr auto fields() { return std::tuple(field("session_id", &SessionRef::session_id, any, "Session.")); }
};
struct RunRef {
  RunId run_id;
  static constexpr auto fields() { return std::tuple(field("run_id", &RunRef::run_id, any, "Run.")); }
};

struct TokenUse {
  Tokens prompt, completion;
  std::optional<Tokens> left;  // in the tenant's window, as of the last decision
  static constexpr auto fields() {
    return std::tuple(field("prompt", &TokenUse::prompt, any, "Prompt tokens."),
                      field("completion", &TokenUse::completion, any, "Generated tokens."),
                      field("left", &TokenUse::left, any, "Left in the window."));
  }
};
struct Run {
  RunId run_id;
  SessionId session_id;
  Subject subject;  // whose it is
  RunStatus status = RunStatus::running;
  std::string capsule;  // name@version
  std::string model;
  std::int64_t steps = 0;
  TokenUse usage;
  std::optional<std::string> answer;       // when completed
  std::optional<std::string> reason;       // why it was denied, failed or waits
  std::optional<ReviewId> review_id;       // while waiting_review
  WallTime created_at;
  std::optional<WallTime> finished_at;
  std::int64_t last_seq = 0;
  static constexpr auto fields() {
    return std::tuple(
        field("run_id", &Run::run_id, any, "Run."), field("session_id", &Run::session_id, any, "Session."),
        field("subject", &Run::subject, any, "Whose it is."), field("status", &Run::status, any, "Status."),
        field("capsule", &Run::capsule, any, "name@version."), field("model", &Run::model, any, "Model."),
        field("steps", &Run::steps, any, "Steps begun."), field("usage", &Run::usage, any, "Tokens."),
        field("answer", &Run::answer, any, "When completed."),
        field("reason", &Run::reason, any, "Why it ended or waits."),
        field("review_id", &Run::review_id, any, "While waiting_review."),
        field("created_at", &Run::created_at, any, "Start."), field("finished_at", &Run::finished_at, any, "End."),
        field("last_seq", &Run::last_seq, any, "Newest event."));
  }
};
struct Message {
  std::string role;     // user | assistant | tool
  std::string content;
  std::optional<RunId> run_id;
  static constexpr auto fields() {
    return std::tuple(field("role", &Message::role, any, "user, assistant or tool."),
                      field("content", &Message::content, any, "Text."),
                      field("run_id", &Message::run_id, any, "The run it belongs to."));
  }
};
struct Session {
  SessionId session_id;
  std::string capsule;
  schema::TextMap metadata;
  std::vector<Message> messages;
  std::vector<RunId> runs;
  WallTime created_at;
  static constexpr auto fields() {
    return std::tuple(field("session_id", &Session::session_id, any, "Session."),
                      field("capsule", &Session::capsule, any, "Capsule."),
                      field("metadata", &Session::metadata, any, "Kept."),
                      field("messages", &Session::messages, any, "The conversation."),
                      field("runs", &Session::runs, any, "Runs, oldest first."),
                      field("created_at", &Session::created_at, any, "Start."));
  }
};

/// One item of a run's stream. Durable events have a gapless seq (the SSE id); a `delta` has none and is never stored.
///   run_started {capsule, model, prompt} · decided {step, attempt, action, resource, decision, decision_id, reasons, policy_version, tokens_left}
///   step_started {step, attempt, kind: model|tool, tool?, call_id?, arguments?} · step_restarted {step, attempt}
///   model_output {step, text, tool_calls, finish, usage} · tool_returned {step, call_id, tool, length} (not judged yet)
///   tool_result {step, call_id, tool, result | error} · context_trimmed {step, exchanges, steps, results, prompt, context}
///   review_requested {review_id, kind, step, tool, arguments, scope, rule} · review_answered {review_id, answer, by}
///   waiting_dependency {step, what, retry_at} · resumed {step} · cancel_requested {by} · run_finished {status, answer?, reason?, usage {prompt, completion, cut?}}
///   delta {step, attempt, offset, text}
struct RunEvent {
  std::string type;
  std::int64_t v = 1;
  std::optional<std::int64_t> seq;
  WallTime at;
  json::object data;
  [[nodiscard]] std::optional<std::int64_t> stream_id() const { return seq; }
  static constexpr auto fields() {
    return std::tuple(field("type", &RunEvent::type, any, "What happened."),
                      field_or_default("v", &RunEvent::v, any, "Version of this type."),
                      field("seq", &RunEvent::seq, any, "Gapless per run; absent for a delta."),
                      field("at", &RunEvent::at, any, "When."),
                      field("data", &RunEvent::data, any, "Facts of this type."));
  }
};
struct WatchRun {
  RunId run_id;
  std::int64_t after = 0;  // seq of the last durable event that the client has
  static constexpr auto fields() {
    return std::tuple(field("run_id", &WatchRun::run_id, any, "Run."),
                      field_or_default("after", &WatchRun::after, number(0, 1LL << 40), "Cursor; Last-Event-ID."));
  }
};

struct AnswerReview {
  ReviewId review_id;
  ReviewAnswer answer = ReviewAnswer::deny;
  std::optional<json::object> arguments;  // approve: edited arguments, validated and decided again
  std::optional<json::value> result;  // done: what the tool returned
  std::optional<std::string> note;
  static constexpr auto fields() {
    return std::tuple(field("review_id", &AnswerReview::review_id, any, "Review."),
                      field("answer", &AnswerReview::answer, any, "approve, deny, retry or done."),
                      field("arguments", &AnswerReview::arguments, any, "Edited arguments."),
                      field("result", &AnswerReview::result, any, "The tool's result."),
                      field("note", &AnswerReview::note, text(0, 2000), "Why."));
  }
};
struct Review {
  ReviewId review_id;
  RunId run_id;
  ReviewKind kind = ReviewKind::action;
  ReviewStatus status = ReviewStatus::open;
  std::string tool;
  json::object arguments;
  std::string scope;  // an approver needs it, and is never the requester
  std::string rule;  // whose review it is: each rule that wants one has its own; "" for an unknown outcome
  Subject requested_by;
  std::optional<Subject> answered_by;
  WallTime created_at;
  WallTime expires_at;
  static constexpr auto fields() {
    return std::tuple(field("review_id", &Review::review_id, any, "Review."),
                      field("run_id", &Review::run_id, any, "Run."), field("kind", &Review::kind, any, "Kind."),
                      field("status", &Review::status, any, "Status."), field("tool", &Review::tool, any, "Tool."),
                      field("arguments", &Review::arguments, any, "Arguments."),
                      field("scope", &Review::scope, any, "Scope an approver needs."),
                      field_or_default("rule", &Review::rule, any, "Rule whose review it is."),
                      field("requested_by", &Review::requested_by, any, "Whose run."),
                      field("answered_by", &Review::answered_by, any, "Who answered."),
                      field("created_at", &Review::created_at, any, "Asked."),
                      field("expires_at", &Review::expires_at, any, "Then it is denied."));
  }
};
struct ListReviews {
  std::optional<RunId> run_id;
  static constexpr auto fields() { return std::tuple(field("run_id", &ListReviews::run_id, any, "Only this run's.")); }
};
struct ReviewPage {
  std::vector<Review> reviews;
  static constexpr auto fields() {
    return std::tuple(field("reviews", &ReviewPage::reviews, any, "Newest first, at most 100."));
  }
};

}  // namespace writ::orchestrator
