// What others may know of policy-engine: decisions, grants, reservations and audit on the wire.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/units.h"
#include "policy/api/audit_types.h"
#include "policy/api/rate_rule.h"
#include "schema/codec.h"

namespace writ::policy {

enum class Action {
  run_start,
  model_call,
  model_output,
  tool_call,
  tool_result,
  memory_read,
  memory_write,
  memory_erase
};
enum class Verdict { allow, deny, review };
/// How model output leaves: `hold` decides, then sends; `window` lets text go only behind a scan window.
enum class ReleaseMode { hold, window };

}  // namespace writ::policy

template <>
struct writ::schema::EnumNames<writ::policy::Action> {
  using A = writ::policy::Action;
  static constexpr auto value = std::array<std::pair<A, std::string_view>, 8>{{{A::run_start, "run.start"},
                                                                               {A::model_call, "model.call"},
                                                                               {A::model_output, "model.output"},
                                                                               {A::tool_call, "tool.call"},
                                                                               {A::tool_result, "tool.result"},
                                                                               {A::memory_read, "memory.read"},
                                                                               {A::memory_write, "memory.write"},
                                                                               {A::memory_erase, "memory.erase"}}};
};
template <>
struct writ::schema::EnumNames<writ::policy::Verdict> {
  using V = writ::policy::Verdict;
  static constexpr auto value =
      std::array<std::pair<V, std::string_view>, 3>{{{V::allow, "allow"}, {V::deny, "deny"}, {V::review, "review"}}};
};
template <>
struct writ::schema::EnumNames<writ::policy::ReleaseMode> {
  using M = writ::policy::ReleaseMode;
  static constexpr auto value =
      std::array<std::pair<M, std::string_view>, 2>{{{M::hold, "hold"}, {M::window, "window"}}};
};

namespace writ::policy {

using schema::any;
using schema::field;
using schema::field_or_default;
using schema::list;
using schema::name_text;
using schema::number;
using schema::text;

struct Resource {
  std::string type;  // "Model", "Tool", "Capsule", "Memory" of policies/schema.cedarschema
  std::string id;
  static constexpr auto fields() {
    return std::tuple(field("type", &Resource::type, text(1, 64), "Entity type of the policy schema."),
                      field("id", &Resource::id, text(1, 256), "Entity id, such as a tool's name."));
  }
};

/// Who holds a reservation: a process. What an earlier life of it left open is over.
struct Holder {
  std::string name;  // the same after a restart, and no other process has it: service, host and port
  std::string life;  // random, of this start
  static constexpr auto fields() {
    return std::tuple(field("name", &Holder::name, text(1, 256), "Process, the same after its restart."),
                      field("life", &Holder::life, text(1, 64), "Of this start."));
  }
};

/// One question. `request_id` is run/step/attempt/action/n, or call_<id>/action/n for a direct call.
struct EvaluateRequest {
  std::string request_id;
  Action action = Action::run_start;
  Resource resource;
  json::object context;              // facts for the rules: capsule, tool, arguments_hash, approvals, …
  std::string request_hash;  // SHA-256 in hex of the guarded request before obligations; "" where nothing is guarded
  std::optional<std::string> content;  // text the detectors scan before the rules see their facts
  /// Bytes before each line break of `content` that stands between two parts (messages, parts of one, JSON texts), so
  /// that a word split over them is seen. Absent: it is one part.
  std::optional<std::vector<std::int64_t>> breaks;
  std::optional<Tokens> estimate;  // reserve this many tokens (prompt + max_tokens): an enforced upper bound
  /// Of the estimate, what may be generated: caps lower it before anything is reserved, and the rest is known to be used
  /// once the call began. Absent where a call's use is known only from a bill: an unknown outcome then counts in full.
  std::optional<Tokens> generates;
  std::optional<Tokens> step_tokens_max;  // what all attempts of this step of a run may use together
  std::optional<Holder> holder;
  std::optional<DecisionId> of;  // model.output: the model.call decision it belongs to
  static constexpr auto fields() {
    return std::tuple(
        field("request_id", &EvaluateRequest::request_id, text(1, 256), "Idempotency id of this question."),
        field("action", &EvaluateRequest::action, any, "What is asked for."),
        field("resource", &EvaluateRequest::resource, any, "On what."),
        field_or_default("context", &EvaluateRequest::context, any, "Facts for the rules."),
        field_or_default("request_hash", &EvaluateRequest::request_hash, text(0, 64),
                         "SHA-256 of the guarded request."),
        field("content", &EvaluateRequest::content, text(0, 1U << 20U), "Text to scan."),
        field("breaks", &EvaluateRequest::breaks, list(0, 65'536), "Where its parts end, bytes from the start."),
        field("estimate", &EvaluateRequest::estimate, number(1, 10'000'000), "Tokens to reserve."),
        field("generates", &EvaluateRequest::generates, number(0, 10'000'000), "Of the estimate, tokens to generate."),
        field("step_tokens_max", &EvaluateRequest::step_tokens_max, number(0, 10'000'000),
              "What all attempts of this step may use together."),
        field("holder", &EvaluateRequest::holder, any, "Process that makes the call."),
        field("of", &EvaluateRequest::of, any, "The model.call decision an output belongs to."));
  }
};

struct Reason {
  std::string rule;  // the policy's @id, or "default" when nothing permitted
  std::string message;  // its @description, for people
  static constexpr auto fields() {
    return std::tuple(field("rule", &Reason::rule, any, "Id of the rule."),
                      field("message", &Reason::message, any, "Why, for people."));
  }
};

/// United obligations of all matching permits: caps are minima, redactions a union.
struct Obligations {
  std::optional<Tokens> max_tokens;
  std::vector<std::string> redactions;
  ReleaseMode release = ReleaseMode::window;
  static constexpr auto fields() {
    return std::tuple(
        field("max_tokens", &Obligations::max_tokens, any, "Upper bound of generated tokens."),
        field_or_default("redactions", &Obligations::redactions, any, "Facts whose text must be cut out."),
        field_or_default("release", &Obligations::release, any, "How output leaves."));
  }
};

struct Reservation {
  ReservationId id;
  Tokens tokens;
  WallTime expires_at;  // the guarded call is aborted before this
  static constexpr auto fields() {
    return std::tuple(
        field("id", &Reservation::id, any, "Reservation."), field("tokens", &Reservation::tokens, any, "Reserved."),
        field("expires_at", &Reservation::expires_at, any, "After it, an unsettled reservation counts as presumed."));
  }
};

struct Decision {
  Verdict decision = Verdict::deny;
  DecisionId decision_id;
  std::vector<Reason> reasons;
  Obligations obligations;
  std::string policy_version;  // "<constitution version>@<first 12 hex of its hash>"
  std::optional<Reservation> reservation;
  std::optional<std::string> grant;  // signed; only with allow, see grant.h
  std::optional<std::string> review_scope;  // with review: the scope an approver needs
  std::optional<std::string> review_rule;  // with review: the rule whose review it is; each has its own
  std::vector<std::string> facts;  // what the detectors found
  std::optional<Tokens> tokens_left;  // in the tenant's window, after this reservation
  std::optional<Tokens> step_tokens;  // charged for earlier attempts of this step of the run, which this one replaces
  static constexpr auto fields() {
    return std::tuple(field("decision", &Decision::decision, any, "allow, deny or review."),
                      field("decision_id", &Decision::decision_id, any, "Id of the recorded decision."),
                      field("reasons", &Decision::reasons, any, "Rules that decided."),
                      field("obligations", &Decision::obligations, any, "What the callee must apply."),
                      field("policy_version", &Decision::policy_version, any, "Constitution version and hash."),
                      field("reservation", &Decision::reservation, any, "Tokens set aside."),
                      field("grant", &Decision::grant, any, "Proof for the guarded service."),
                      field("review_scope", &Decision::review_scope, any, "Scope an approver needs."),
                      field("review_rule", &Decision::review_rule, any, "Rule whose review it is."),
                      field_or_default("facts", &Decision::facts, any, "Detector facts."),
                      field("tokens_left", &Decision::tokens_left, any, "Tokens left in the window."),
                      field("step_tokens", &Decision::step_tokens, any, "Charged for earlier attempts of this step."));
  }
};

/// Scans the next piece of an allowed model call's output. Offsets are bytes from the start of the output.
struct InspectRequest {
  DecisionId decision_id;  // of the model.call
  std::int64_t offset = 0;
  std::string text;
  bool last = false;  // the output ends with this piece
  std::optional<Tokens> used;  // by the call so far, its prompt included
  static constexpr auto fields() {
    return std::tuple(
        field("decision_id", &InspectRequest::decision_id, any, "The model.call decision."),
        field("offset", &InspectRequest::offset, number(0, 1LL << 40), "Bytes before this piece."),
        field("text", &InspectRequest::text, schema::text(0, 1U << 20U), "The piece."),
        field_or_default("last", &InspectRequest::last, any, "Whether the output ends here."),
        field("used", &InspectRequest::used, number(0, 10'000'000), "Tokens used so far, prompt included."));
  }
};
struct Inspection {
  std::int64_t release_upto = 0;  // bytes from the start that may leave; committed before the answer
  std::vector<std::string> facts;  // new facts: the caller asks model.output again
  /// The piece does not follow what policy has scanned (it restarted, or an answer was lost): nothing of it was taken.
  /// Send everything from this offset on, bytes from the start.
  std::optional<std::int64_t> resend_from;
  static constexpr auto fields() {
    return std::tuple(field("release_upto", &Inspection::release_upto, any, "Bytes that may leave."),
                      field("facts", &Inspection::facts, any, "New detector facts."),
                      field("resend_from", &Inspection::resend_from, any, "Send the output again from here."));
  }
};

struct SettleRequest {
  std::string request_id;
  DecisionId decision_id;  // of the model.call
  Tokens actual;
  static constexpr auto fields() {
    return std::tuple(field("request_id", &SettleRequest::request_id, text(1, 256), "Idempotency id."),
                      field("decision_id", &SettleRequest::decision_id, any, "The model.call decision."),
                      field("actual", &SettleRequest::actual, number(0, 100'000'000), "Tokens really used."));
  }
};
struct Settled {
  Tokens settled;
  Tokens tokens_left;
  Tokens overrun;  // beyond the reservation
  static constexpr auto fields() {
    return std::tuple(field("settled", &Settled::settled, any, "Charged."),
                      field("tokens_left", &Settled::tokens_left, any, "Left."),
                      field("overrun", &Settled::overrun, any, "Beyond the bound."));
  }
};

/// The last words on a model call, in one commit: the model.output decision and the settlement.
struct FinishRequest {
  EvaluateRequest output;  // action model.output
  SettleRequest settle;
  static constexpr auto fields() {
    return std::tuple(field("output", &FinishRequest::output, any, "The model.output question."),
                      field("settle", &FinishRequest::settle, any, "The settlement."));
  }
};
struct Finished {
  Decision decision;
  Settled settled;
  static constexpr auto fields() {
    return std::tuple(field("decision", &Finished::decision, any, "On the output."),
                      field("settled", &Finished::settled, any, "Budget."));
  }
};

/// A fact of another service for the audit chain, from its outbox. `id` makes it idempotent.
struct AppendAudit {
  TenantId tenant;  // the caller is a service: whose chain it is stands here
  std::string id;
  std::string kind;  // a row of audit_kinds.h
  json::object data;
  std::optional<std::string> subject;  // who is behind it
  static constexpr auto fields() {
    return std::tuple(field("tenant", &AppendAudit::tenant, name_text, "Whose chain."),
                      field("id", &AppendAudit::id, text(1, 256), "Idempotency id."),
                      field("kind", &AppendAudit::kind, text(1, 64), "Kind."),
                      field("data", &AppendAudit::data, any, "Facts."),
                      field("subject", &AppendAudit::subject, text(1, 256), "Who is behind it."));
  }
};
struct Appended {
  std::int64_t seq = 0;
  static constexpr auto fields() { return std::tuple(field("seq", &Appended::seq, any, "Place in the chain.")); }
};

struct Budget {
  Tokens limit, settled, reserved, presumed, left;
  WallTime resets_at;
  static constexpr auto fields() {
    return std::tuple(
        field("limit", &Budget::limit, any, "Tokens per window."), field("settled", &Budget::settled, any, "Used."),
        field("reserved", &Budget::reserved, any, "Set aside."),
        field("presumed", &Budget::presumed, any, "Expired, outcome unknown."),
        field("left", &Budget::left, any, "Free."), field("resets_at", &Budget::resets_at, any, "End of the window."));
  }
};
struct ConstitutionInfo {
  std::int64_t version = 0;
  std::string hash;
  WallTime valid_from;
  WallTime stale_at;  // after it policy refuses
  std::vector<std::string> rules;
  std::optional<std::vector<RateRule>> rates{};  // none said: the built-in ones hold; empty: none are meant
  static constexpr auto fields() {
    return std::tuple(field("version", &ConstitutionInfo::version, any, "Version."),
                      field("hash", &ConstitutionInfo::hash, any, "SHA-256 of the canonical JSON."),
                      field("valid_from", &ConstitutionInfo::valid_from, any, "Valid from."),
                      field("stale_at", &ConstitutionInfo::stale_at, any, "Refused after."),
                      field("rules", &ConstitutionInfo::rules, any, "Rule ids."),
                      field("rates", &ConstitutionInfo::rates, list(0, rates_max), "Rate limits of the public door."));
  }
};
struct KeySetDocument {
  json::array keys;  // JWKs
  static constexpr auto fields() { return std::tuple(field("keys", &KeySetDocument::keys, any, "JSON Web Keys.")); }
};

}  // namespace writ::policy
