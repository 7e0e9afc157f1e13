// ActiveConstitution: a verified constitution compiled for use; immutable, swapped whole.
#pragma once

#include <map>
#include <memory>
#include <span>

#include "cedar/policy_set.h"
#include "policy/constitution.h"
#include "scan/window_scanner.h"

namespace writ::policy {

class ActiveConstitution {
 public:
  /// Compiles rules and detectors.
  /// Errors: invalid (bad_policies, bad_patterns; window_too_small when a detector of model.output could match more).
  [[nodiscard]] static Result<std::shared_ptr<const ActiveConstitution>> activate(VerifiedConstitution verified);

  [[nodiscard]] const Constitution& text() const { return verified_.constitution; }
  [[nodiscard]] const std::string& hash() const { return verified_.hash; }
  /// "<version>@<first 12 hex of the hash>".
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] WallTime stale_at() const;
  [[nodiscard]] const cedar::PolicySet& rules() const { return rules_; }
  /// Facts of a content under an action, in every form in which it can be read (scan::patterns_in); sorted, each once.
  /// `breaks`: EvaluateRequest::breaks. Errors: invalid (bad_text).
  [[nodiscard]] Result<std::vector<std::string>> facts(Action action, std::string_view content,
                                                       std::span<const std::int64_t> breaks = {}) const;
  /// For the pieces of a model's output.
  [[nodiscard]] const scan::Scanner& output_scanner() const;
  [[nodiscard]] const std::string& fact_of(const std::string& pattern_id) const { return fact_of_.at(pattern_id); }
  [[nodiscard]] bool grants(const TenantId& tenant, std::string_view capsule) const;
  /// What an action's content is scanned for is empty.
  [[nodiscard]] bool scans(Action action) const { return scanners_.contains(action); }

 private:
  ActiveConstitution(VerifiedConstitution verified, cedar::PolicySet rules)
      : verified_(std::move(verified)), rules_(std::move(rules)) {}

  VerifiedConstitution verified_;
  cedar::PolicySet rules_;
  std::map<Action, scan::Scanner> scanners_;
  std::map<std::string, std::string> fact_of_;
  std::string version_;
};

}  // namespace writ::policy
