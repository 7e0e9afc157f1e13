#include "cli/constitution_diff.h"

#include <gtest/gtest.h>

namespace writ::cli {
namespace {

json::object with_policies(std::string text) { return {{"policies", std::move(text)}, {"version", 1}}; }

TEST(ConstitutionDiff, names_the_lines_that_went_and_came) {
  const auto diff = diff_of(with_policies("a\nb\nc\nd\n"), with_policies("a\nx\nc\ny\nd\n"));
  EXPECT_EQ(to_lines(diff), "policies:2: - b\npolicies:2: + x\npolicies:4: + y\n");
  EXPECT_EQ(to_lines(diff_of(with_policies("a\n"), with_policies("a\n"))), "");
  EXPECT_EQ(to_lines(diff_of(with_policies(""), with_policies("a"))), "policies:1: + a\n");
}

TEST(ConstitutionDiff, names_members_by_pointer_and_leaves_out_what_always_differs) {
  const auto before = parse_json(R"({"version":1,"valid_from":"x","budgets":[{"id":"day","limit":5}],"gone":1})");
  const auto after = parse_json(R"({"version":2,"valid_from":"y","budgets":[{"id":"day","limit":6},{"id":"b"}]})");
  const auto diff = diff_of(before->get_object(), after->get_object());
  EXPECT_EQ(to_lines(diff), "/budgets/0/limit: 5 -> 6\n/budgets/1: (absent) -> {\"id\":\"b\"}\n/gone: 1 -> (absent)\n");
  EXPECT_EQ(to_json(diff).at("members").as_array().size(), 3U);
}

TEST(ConstitutionDiff, a_text_that_is_too_long_to_compare_line_by_line_is_shown_as_replaced) {
  std::string before, after;
  for (int i = 0; i < 5000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(diff_of(with_policies(before), with_policies(after)).policies.size(), 10'000U);
}

}  // namespace
}  // namespace writ::cli
