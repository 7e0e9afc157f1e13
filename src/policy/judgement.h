// Judgement: one question put to the rules. Pure over an active constitution; nothing is stored here.
#pragma once

#include <map>

#include "policy/active_constitution.h"

namespace writ::policy {

/// What a recorded decision asked to be reviewed: an approval of it counts for this rule and no other.
struct AskedReview {
  std::string rule;
  std::string scope;
  bool operator==(const AskedReview&) const = default;
};
using AskedReviews = std::map<std::string, AskedReview, std::less<>>;  // by decision id

struct Judgement {
  Verdict verdict = Verdict::deny;
  std::vector<Reason> reasons;
  Obligations obligations;                  // of all matching permits, united
  std::optional<std::string> review_scope;  // with review
  std::optional<std::string> review_rule;   // with review: whose it is
  std::vector<std::string> facts;
  json::object request;                     // the whole Cedar request, for the record and for replay
};

/// The algebra: a matching forbid → deny; else a matching permit with @review and no approval of its own → review, the
/// first such rule by id; else a permit → allow; else deny. An approval is an entry of context.approvals by another
/// person, of exactly these arguments, whose decision is in `asked` and asked for this rule with this scope. An unknown
/// obligation, an ill-typed context or a rule that fails is a deny with its reason.
/// Errors: invalid (bad_text) for content that is not UTF-8.
[[nodiscard]] Result<Judgement> judge(const ActiveConstitution& active, const Principal& principal,
                                      const EvaluateRequest& question, const std::vector<std::string>& more_facts = {},
                                      const AskedReviews& asked = {});

}  // namespace writ::policy
