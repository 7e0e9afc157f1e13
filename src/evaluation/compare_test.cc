#include "evaluation/compare.h"

#include <gtest/gtest.h>

namespace writ::evaluation {
namespace {

bool same(std::string_view a, std::string_view b) { return same_json(*parse_json(a), *parse_json(b)); }

ExpectedCall expected(std::string name, std::string_view arguments) {
  return {.name = std::move(name), .arguments = parse_json(arguments)->as_object(), .same = {}};
}
ModelCall got(std::string name, std::string arguments) {
  return {.id = "call_1", .name = std::move(name), .arguments = std::move(arguments)};
}

TEST(Compare, json_is_equal_by_value_and_in_any_order_of_keys) {
  EXPECT_TRUE(same(R"({"a":1,"b":[true,null,"x"]})", R"({"b":[true,null,"x"],"a":1.0})"));
  EXPECT_TRUE(same("10000000000000000000", "10000000000000000000"));
  EXPECT_FALSE(same("9007199254740993", "9007199254740992"));  // the same as doubles
  EXPECT_FALSE(same(R"({"a":1})", R"({"a":1,"b":2})"));
  EXPECT_FALSE(same(R"({"a":1})", R"({"b":1})"));
  EXPECT_FALSE(same("[1,2]", "[2,1]"));
  EXPECT_FALSE(same(R"("1")", "1"));
  EXPECT_FALSE(same("true", "1"));
  EXPECT_FALSE(same("[1]", "[1,1]"));
}

TEST(Compare, calls_match_in_any_order_and_tell_which_is_which) {
  const std::vector<ExpectedCall> calls{expected("a", "{}"), expected("b", R"({"x":1})")};
  const auto match = match_calls(calls, {got("b", R"({"x": 1})"), got("a", "{}")});
  ASSERT_TRUE(match);
  EXPECT_EQ(*match, (std::vector<std::size_t>{1, 0}));
}

TEST(Compare, a_wrong_number_name_or_argument_is_told) {
  const std::vector<ExpectedCall> one{expected("a", R"({"x":1})")};
  EXPECT_EQ(match_calls(one, {}).error(), R"(expected a({"x":1}), got no call)");
  EXPECT_EQ(match_calls(one, {got("b", R"({"x":1})")}).error(), R"(expected a({"x":1}), got b({"x":1}))");
  EXPECT_FALSE(match_calls(one, {got("a", R"({"x":2})")}));
  EXPECT_FALSE(match_calls(one, {got("a", R"({"x":1})"), got("a", R"({"x":1})")}));
  EXPECT_EQ(match_calls(one, {got("a", "{")}).error(), "the arguments of a({) are no JSON object");
  EXPECT_FALSE(match_calls(one, {got("a", "[]")}));
}

TEST(Compare, other_arguments_can_be_as_good) {
  auto call = expected("recall", R"({"key":"budget"})");
  call.same = {json::object{{"key", "the budget"}}};
  EXPECT_TRUE(match_calls({call}, {got("recall", R"({"key":"the budget"})")}));
  EXPECT_FALSE(match_calls({call}, {got("recall", R"({"key":"a budget"})")}));
}

TEST(Compare, one_call_is_not_given_away_that_another_needs) {
  // The first fits both expected calls, the second only the one that a greedy pairing would have taken.
  auto loose = expected("a", R"({"x":1})");
  loose.same = {json::object{{"x", 2}}};
  const std::vector<ExpectedCall> calls{loose, expected("a", R"({"x":2})")};
  const auto match = match_calls(calls, {got("a", R"({"x":2})"), got("a", R"({"x":1})")});
  ASSERT_TRUE(match);
  EXPECT_EQ(*match, (std::vector<std::size_t>{1, 0}));
}

TEST(Compare, expressions_are_equal_by_value_only_where_the_case_says_so) {
  auto call = expected("calculator", R"({"expression":"15% of 1200"})");
  const std::vector<ModelCall> other{got("calculator", R"({"expression":"0.15 * 1200"})")};
  EXPECT_FALSE(match_calls({call}, other));
  call.by_value = true;
  EXPECT_TRUE(match_calls({call}, other));
  EXPECT_FALSE(match_calls({call}, {got("calculator", R"({"expression":"0.16 * 1200"})")}));
  EXPECT_FALSE(match_calls({call}, {got("calculator", R"({"expression":"15% of"})")}));
  EXPECT_FALSE(match_calls({call}, {got("calculator", R"({"expression":"0.15 * 1200","digits":2})")}));
}

TEST(Compare, text_holds_words_in_any_case_and_numbers_that_stand_alone) {
  EXPECT_TRUE(holds("It is in LISBON.", "Lisbon"));
  EXPECT_FALSE(holds("It is in Lisbon.", "Porto"));
  EXPECT_TRUE(holds("The total is $1,200.", "1200"));
  EXPECT_TRUE(holds("The total is 1200", "1,200"));
  EXPECT_TRUE(holds("1,234,567.5 in all", "1234567.5"));
  EXPECT_TRUE(holds("It is 180.00 now", "180"));
  EXPECT_TRUE(holds("It is 1.50 now", "1.5"));
  EXPECT_TRUE(holds("It is 180.", "180"));
  EXPECT_TRUE(holds("180, 181 and 182", "180"));
  EXPECT_FALSE(holds("It is 1800", "180"));
  EXPECT_FALSE(holds("It is 3.180", "180"));
  EXPECT_FALSE(holds("It is 180.5", "180"));
  EXPECT_FALSE(holds("It is 1.55", "1.5"));
  EXPECT_TRUE(holds("1800 and 180", "180"));
  EXPECT_TRUE(holds("on 2026-03-04", "2026-03-04"));
}

TEST(Compare, an_answer_has_all_of_must_one_of_any_and_none_of_must_not) {
  const ExpectedAnswer answer{.must = {"180", "budget"}, .any = {"euro", "dollar"}, .must_not = {"sorry"}};
  EXPECT_EQ(fault_of(answer, "15 % of the budget are 180 euros."), "");
  EXPECT_EQ(fault_of(answer, "The budget: 18 euros"), "the answer lacks \"180\": The budget: 18 euros");
  EXPECT_EQ(fault_of(answer, "budget 180"), "the answer has none of \"euro\", \"dollar\": budget 180");
  EXPECT_EQ(fault_of(answer, "Sorry, budget 180 euro"), "the answer has \"sorry\": Sorry, budget 180 euro");
  EXPECT_EQ(fault_of({.must = {}, .any = {}, .must_not = {"x"}}, " \n"), "the answer is empty");
}

}  // namespace
}  // namespace writ::evaluation
