// What a constitution must be beyond its schema, so that each of its rules, budgets and detectors does what it says.
#pragma once

#include <vector>

#include "cedar/policy_set.h"
#include "core/error.h"
#include "policy/constitution.h"
#include "scan/scanner.h"

namespace writ::policy {

/// Everything in it that would not take effect, or not as it reads: at a JSON pointer of the constitution, with the fix.
/// Rules stand at /policies with line and id. `rules` are its own, loaded. Pure; linear in the text.
[[nodiscard]] std::vector<Problem> problems_of(const Constitution& constitution, const cedar::PolicySet& rules);

/// A detector's pattern as it is searched; its id is the detector's and its number.
[[nodiscard]] scan::Pattern pattern_of(const Detector& detector, std::size_t number);

/// Whether questions of this action carry text for detectors.
[[nodiscard]] bool has_content(Action action);

}  // namespace writ::policy
