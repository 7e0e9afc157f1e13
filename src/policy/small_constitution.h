// A small constitution for tests, signed by a key made on the spot.
#pragma once

#include "policy/active_constitution.h"

namespace writ::policy {

inline Constitution small_constitution() {
  Constitution c;
  c.valid_from = *parse_rfc3339("2026-01-01T00:00:00Z");
  c.max_age_seconds = 3650LL * 86'400;
  c.schema = R"(
entity User, Agent, Service; entity Model, Tool, Capsule;
type Approval = { decision_id: String, argument_hash: String, approver: String };
action "model.call" appliesTo { principal: [User, Agent, Service], resource: Model, context: { tenant: String, scopes: Set<String>,
  facts: Set<String>, approvals: Set<Approval>, argument_hash: String, estimate_tokens: Long, max_tokens?: Long,
  run?: { id: String, step: Long, attempt: Long } } };
action "model.output" appliesTo { principal: [User, Agent, Service], resource: Model, context: { tenant: String, scopes: Set<String>,
  facts: Set<String>, approvals: Set<Approval>, argument_hash: String, output_tokens?: Long } };
action "tool.call" appliesTo { principal: [User, Agent, Service], resource: Tool, context: { tenant: String, scopes: Set<String>,
  facts: Set<String>, approvals: Set<Approval>, argument_hash: String } };
)";
  c.policies = R"(
@id("call") @cap_tokens("100") permit (principal, action == Action::"model.call", resource);
@id("tight") @cap_tokens("40") permit (principal, action == Action::"model.call", resource == Model::"small");
@id("never") @description("not this one") forbid (principal, action == Action::"model.call", resource == Model::"bad");
@id("out") permit (principal, action == Action::"model.output", resource);
@id("term") forbid (principal, action == Action::"model.output", resource) when { context.facts.contains("denied_term") };
@id("asks") @review("reviews:decide") permit (principal, action == Action::"tool.call", resource == Tool::"send");
@id("free") permit (principal, action == Action::"tool.call", resource == Tool::"calc");
)";
  c.detectors = {{.id = "terms",
                  .fact = "denied_term",
                  .actions = {Action::model_output},
                  .patterns = {{.kind = "literal", .text = "secret"}}},
                 {.id = "mail",
                  .fact = "email",
                  .actions = {Action::model_call},
                  .patterns = {{.kind = "regex", .text = "[a-z]{1,16}@[a-z]{1,16}", .max_match_length = 33}}}};
  c.budgets = {
      {.id = "day", .per = BudgetPer::tenant, .kind = BudgetKind::tokens, .limit = 1000, .window_seconds = 86'400}};
  c.release = {.mode = ReleaseMode::window, .window_bytes = 64};
  return c;
}

}  // namespace writ::policy
