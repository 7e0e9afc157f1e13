#include "cli/evaluation_bundle.h"

#include "app/default_bundle.h"
#include "core/json.h"

namespace writ::cli {
namespace {

/// More than any evaluation uses: 10^12 tokens are years of one machine.
constexpr std::int64_t budget_limit = 1'000'000'000'000;

}  // namespace

Result<std::vector<EvaluationRule>> evaluation_bundle() {
  std::vector<EvaluationRule> out;
  for (const auto& file : app::default_bundle()) {
    auto& rule = out.emplace_back(std::string(file.name), std::string(file.text));
    if (file.name != "limits.json") continue;
    WRIT_TRY(auto limits, parse_json(file.text));
    for (auto& budget : limits.at("budgets").as_array()) budget.as_object()["limit"] = budget_limit;
    limits.as_object()["rates"] = json::array();  // who asks is this process alone
    limits.as_object()["unlimited_rates"] = true;
    rule.text = to_text(limits);
  }
  return out;
}

}  // namespace writ::cli
