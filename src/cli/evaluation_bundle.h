// The rules of the platform that an evaluation runs on: the shipped ones, with budgets that do not end.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace writ::cli {

struct EvaluationRule {
  std::string name;  // of its file
  std::string text;
};
[[nodiscard]] Result<std::vector<EvaluationRule>> evaluation_bundle();

}  // namespace writ::cli
