#include "cli/evaluation_bundle.h"

#include <gtest/gtest.h>

#include "app/default_bundle.h"
#include "core/json.h"

namespace writ::cli {
namespace {

TEST(EvaluationBundle, is_the_shipped_one_but_for_its_budgets_and_rates) {
  const auto bundle = evaluation_bundle();
  ASSERT_TRUE(bundle);
  const auto& shipped = app::default_bundle();
  ASSERT_EQ(bundle->size(), shipped.size());
  bool limits_seen = false;
  for (std::size_t i = 0; i < shipped.size(); ++i) {
    EXPECT_EQ((*bundle)[i].name, shipped[i].name);
    if (shipped[i].name != "limits.json") {
      EXPECT_EQ((*bundle)[i].text, shipped[i].text) << shipped[i].name;
      continue;
    }
    limits_seen = true;
    auto own = *parse_json((*bundle)[i].text), theirs = *parse_json(shipped[i].text);
    for (const auto& budget : own.at("budgets").as_array())
      EXPECT_GE(budget.at("limit").to_number<std::int64_t>(), 1'000'000'000'000) << "2,000 cases use a million tokens";
    ASSERT_FALSE(own.at("budgets").as_array().empty());
    EXPECT_TRUE(own.at("rates").as_array().empty() && own.at("unlimited_rates").as_bool());
    for (const auto* differs : {"budgets", "rates", "unlimited_rates"}) {
      own.as_object().erase(differs);
      theirs.as_object().erase(differs);
    }
    EXPECT_EQ(own, theirs);
  }
  EXPECT_TRUE(limits_seen);
}

}  // namespace
}  // namespace writ::cli
