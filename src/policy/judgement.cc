#include "policy/judgement.h"

#include <algorithm>
#include <charconv>

namespace writ::policy {
namespace {

std::string_view entity_type(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::user: return "User";
    case PrincipalKind::agent: return "Agent";
    case PrincipalKind::service: return "Service";
  }
  return "User";
}

// The caller's facts under the names the schema knows; what only policy may say is written over them.
json::object context_of(const ActiveConstitution& active, const Principal& principal, const EvaluateRequest& question,
                        const std::vector<std::string>& facts) {
  auto context = question.context;
  context["tenant"] = principal.tenant.str();
  context["scopes"] = schema::encode(principal.scopes);
  context["facts"] = schema::encode(facts);
  context["argument_hash"] = question.request_hash;
  if (!context.contains("approvals")) context["approvals"] = json::array();
  if (auto* capsule = context.if_contains("capsule"); capsule != nullptr && capsule->is_object()) {
    capsule->get_object()["granted"] = active.grants(principal.tenant, text_at(capsule->get_object(), "name"));
    capsule->get_object().erase("hash");  // no fact of the schema; the record has it
  }
  if (question.action == Action::model_call) context["estimate_tokens"] = question.estimate.value_or(Tokens{}).value;
  return context;
}

// Of the agent's text that asks; empty for a direct call.
std::string capsule_hash_of(const EvaluateRequest& question) {
  const auto* capsule = question.context.if_contains("capsule");
  return capsule != nullptr && capsule->is_object() ? std::string(text_at(capsule->get_object(), "hash")) : "";
}

// Whether an approval names somebody else than whoever asks, or acts.
bool by_another(const Principal& principal, std::string_view approver) {
  return !approver.empty() && approver != principal.subject.str() &&
         std::ranges::find(principal.act, approver) == principal.act.end();
}

// Whether another person has approved exactly this when this rule asked for it.
bool approved(const json::object& context, const Principal& principal, std::string_view argument_hash,
              const AskedReview& wanted, const AskedReviews& asked) {
  const auto* approvals = context.if_contains("approvals");
  if (approvals == nullptr || !approvals->is_array() || argument_hash.empty()) return false;
  return std::ranges::any_of(approvals->get_array(), [&](const json::value& approval) {
    if (!approval.is_object() || text_at(approval.get_object(), "argument_hash") != argument_hash) return false;
    const auto review = asked.find(text_at(approval.get_object(), "decision_id"));
    return review != asked.end() && review->second == wanted &&
           by_another(principal, text_at(approval.get_object(), "approver"));
  });
}

Reason reason_of(const cedar::PolicySet& rules, const std::string& id) {
  const auto* notes = rules.annotations(id);
  std::string message = id;
  if (notes != nullptr) {
    if (const auto it = notes->find("description"); it != notes->end()) message = it->second;
  }
  return {.rule = id, .message = message};
}

// Takes the obligations of one permit in. False for one that this binary does not know.
bool unite(Obligations& all, const cedar::Annotations& notes) {
  for (const auto& [name, value] : notes) {
    if (name == "cap_tokens") {
      std::int64_t cap = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), cap);
      if (error != std::errc() || end != value.data() + value.size() || cap < 1) return false;
      all.max_tokens = Tokens{std::min(cap, all.max_tokens.value_or(Tokens{cap}).value)};
    } else if (name == "release") {
      if (value == "hold") all.release = ReleaseMode::hold;
      else if (value != "window") return false;
    } else if (name != "id" && name != "description" && name != "review") {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<Judgement> judge(const ActiveConstitution& active, const Principal& principal, const EvaluateRequest& question,
                        const std::vector<std::string>& more_facts, const AskedReviews& asked) {
  Judgement out;
  if (question.content) {
    const auto breaks = question.breaks.value_or(std::vector<std::int64_t>{});
    WRIT_TRY(out.facts, active.facts(question.action, *question.content, breaks));
  }
  for (const auto& fact : more_facts)
    if (std::ranges::find(out.facts, fact) == out.facts.end()) out.facts.push_back(fact);
  const cedar::Request request{.principal = {std::string(entity_type(principal.kind)), principal.subject.str()},
                               .action = std::string(schema::name_of(question.action)),
                               .resource = {question.resource.type, question.resource.id},
                               .context = context_of(active, principal, question, out.facts)};
  out.request = {{"principal", {{"type", request.principal.type}, {"id", request.principal.id}}},
                 {"action", request.action},
                 {"resource", {{"type", request.resource.type}, {"id", request.resource.id}}},
                 {"context", request.context}};
  if (const auto hash = capsule_hash_of(question); !hash.empty()) out.request["capsule_hash"] = hash;
  const auto answer = active.rules().decide(request);
  if (!answer) {
    out.reasons.push_back({.rule = "bad_request", .message = answer.error().message});
    return out;
  }
  if (!answer->errors.empty()) {
    out.reasons.push_back({.rule = "rule_failed", .message = answer->errors.front()});
    return out;
  }
  for (const auto& id : answer->matched) out.reasons.push_back(reason_of(active.rules(), id));
  if (!answer->allow) {
    if (out.reasons.empty()) out.reasons.push_back({.rule = "default", .message = "no rule permits it"});
    return out;
  }
  out.obligations.release = active.text().release.mode;
  out.obligations.max_tokens = Tokens{active.text().max_tokens_per_call};
  for (const auto& id : answer->matched) {
    const auto* notes = active.rules().annotations(id);
    if (notes == nullptr || !unite(out.obligations, *notes)) {
      out.reasons = {{.rule = id, .message = "the rule has an obligation that this binary does not know"}};
      return out;
    }
    const auto review = notes->find("review");
    if (review == notes->end() || out.review_rule) continue;
    if (approved(request.context, principal, question.request_hash, {.rule = id, .scope = review->second}, asked))
      continue;
    out.review_rule = id;
    out.review_scope = review->second;
  }
  out.verdict = out.review_scope ? Verdict::review : Verdict::allow;
  return out;
}

}  // namespace writ::policy
