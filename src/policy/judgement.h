// Judgement: one question put to the rules. Pure over an active constitution; nothing is stored here.
#pragma once

#include "policy/active_constitution.h"

namespace writ::policy {

struct Judgement {
  Verdict verdict = Verdict::deny;
  std::vector<Reason> reasons;
  Obligations obligations;                  // of all matching permits, united
  std::optional<std::string> review_scope;  // with review
  std::vector<std::string> facts;
  json::object request;                     // the whole Cedar request, for the record and for replay
};

/// The algebra: a matching forbid → deny; else a matching permit with @review and no matching entry in
/// context.approvals → review; else a permit → allow; else deny. An unknown obligation, an ill-typed context or a rule
/// that fails is a deny with its reason. Errors: invalid (bad_text) for content that is not UTF-8.
[[nodiscard]] Result<Judgement> judge(const ActiveConstitution& active, const Principal& principal,
                                      const EvaluateRequest& question, const std::vector<std::string>& more_facts = {});

}  // namespace writ::policy
