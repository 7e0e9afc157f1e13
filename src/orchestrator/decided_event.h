// The event of a decision that governed made for a run.
#pragma once

#include "governed/governed.h"
#include "orchestrator/run_event.h"

namespace writ::orchestrator {

[[nodiscard]] inline Decided event_of(const governed::Decided& decided, std::int64_t step, std::int64_t attempt,
                                      std::string call_id = {}) {
  const auto& d = decided.decision;
  return {.step = step,
          .attempt = attempt,
          .call_id = std::move(call_id),
          .action = decided.action,
          .resource = decided.resource,
          .argument_hash = decided.request_hash,
          .decision = d.decision,
          .decision_id = d.decision_id,
          .reasons = d.reasons,
          .policy_version = d.policy_version,
          .review_scope = d.review_scope,
          .review_rule = d.review_rule,
          .tokens_left = d.tokens_left,
          .step_tokens = d.step_tokens};
}

}  // namespace writ::orchestrator
