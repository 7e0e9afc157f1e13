#include <gtest/gtest.h>

#include "async/loops.h"
#include "tools/arithmetic.h"
#include "tools/builtin_tools.h"

namespace writ::tools {
namespace {

TEST(Calculator, evaluates_what_people_write) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"17% of 2340", "397.8"},
                                                                 {"2 + 3 * 4", "14"},
                                                                 {"(2 + 3) * 4", "20"},
                                                                 {"2^10", "1024"},
                                                                 {"-2^2", "-4"},
                                                                 {"1,250.50 * 2", "2501"},
                                                                 {"7 x 6", "42"},
                                                                 {"10 / 4", "2.5"},
                                                                 {"0.1 + 0.2", "0.3"},
                                                                 {"15 percent of 80", "12"},
                                                                 {"100 - 25%", "99.75"},
                                                                 {"sqrt(2)", "1.4142135623731"},
                                                                 {"12 times 12", "144"},
                                                                 {"10 ÷ 2 − 1", "4"},
                                                                 {"999999999999 * 3", "2999999999997"},
                                                                 {"--3", "3"},
                                                                 {"2^-1", "0.5"}};
  for (const auto& [expression, expected] : cases)
    EXPECT_EQ(evaluate_expression(expression), Result<std::string>(expected)) << expression;
}

TEST(Calculator, says_what_is_wrong) {
  for (auto bad : {"", "2 +", "(2", "2 2", "abc", "1..2", "2 of", "__import__('os')"}) {
    const auto result = evaluate_expression(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().code, "bad_expression");
  }
  EXPECT_EQ(evaluate_expression("1 / 0").error().code, "division_by_zero");
  EXPECT_EQ(evaluate_expression("10^400").error().code, "not_a_number");
  EXPECT_EQ(evaluate_expression(std::string(300, '(')).error().code, "bad_expression");
}

class FixedClock final : public Clock {
 public:
  WallTime now() const override { return *parse_rfc3339("2026-07-01T22:30:05Z"); }
  SteadyTime steady() const override { return {}; }
};

TEST(ClockTool, knows_time_zones_with_summer_time_and_refuses_unknown_ones) {
  async::Loops loops(1);
  const FixedClock fixed;
  const auto clock = make_clock(fixed);
  const auto paris = loops.run(clock->call({}, {}, {{"timezone", "Europe/Paris"}}));
  ASSERT_TRUE(paris);
  EXPECT_EQ(*paris,
            (json::value{
                {"date", "2026-07-02"}, {"time", "00:30:05"}, {"timezone", "Europe/Paris"}, {"weekday", "Thursday"}}));
  const auto utc = loops.run(clock->call({}, {}, {}));
  ASSERT_TRUE(utc);
  EXPECT_EQ(utc->at("time"), "22:30:05");
  EXPECT_EQ(loops.run(clock->call({}, {}, {{"timezone", "Mars/Base"}})).error().code, "unknown_timezone");
}

TEST(Arguments, are_checked_against_the_tools_schema_at_json_pointers) {
  const auto schema = *parse_json(R"({"type":"object","required":["a"],"additionalProperties":false,
    "properties":{"a":{"type":"string","minLength":1},"n":{"type":"integer","maximum":9},"e":{"enum":["x","y"]},
                  "l":{"type":"array","items":{"type":"number"},"maxItems":2}}})");
  const auto check = [&](std::string_view text) { return check_arguments(schema.get_object(), *parse_json(text)); };
  EXPECT_TRUE(check(R"({"a":"k","n":3,"e":"x","l":[1,2.5]})").empty());
  const auto problems = check(R"({"a":"","n":10,"e":"z","l":[1,"2",3],"extra":1})");
  std::vector<std::string> pointers;
  for (const auto& problem : problems) pointers.push_back(problem.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/a", "/n", "/e", "/l", "/l/1", "/extra"}));
  EXPECT_EQ(check("[]").size(), 1U);
  EXPECT_EQ(check("{}").front(), (Problem{"/a", "is required"}));
}

TEST(Toolbox, gives_the_tools_of_a_capsule_in_its_order) {
  Toolbox box;
  box.add(make_calculator());
  box.add(make_clock(system_clock()));
  const auto tools = box.openai_tools({"clock", "calculator"});
  ASSERT_TRUE(tools);
  EXPECT_EQ(tools->at(0).at("function").at("name"), "clock");
  EXPECT_EQ(box.openai_tools({"nope"}).error().code, "no_tool");
}

}  // namespace
}  // namespace writ::tools
