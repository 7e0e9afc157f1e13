#include "evaluation/score.h"

#include <gtest/gtest.h>

namespace writ::evaluation {
namespace {

TEST(Score, wilson_gives_the_known_intervals) {
  // 81 of 263 is the example of R. G. Newcombe, Statistics in Medicine 17 (1998), method 3: 0.2553 to 0.3662.
  const auto some = wilson({.right = 81, .of = 263});
  EXPECT_NEAR(some.low, 25.53, 0.01);
  EXPECT_NEAR(some.high, 36.62, 0.01);
  const auto all = wilson({.right = 10, .of = 10});
  EXPECT_NEAR(all.low, 72.25, 0.01);
  EXPECT_NEAR(all.high, 100, 1e-9);
  const auto none = wilson({.right = 0, .of = 10});
  EXPECT_NEAR(none.low, 0, 1e-9);
  EXPECT_NEAR(none.high, 27.75, 0.01);
}

TEST(Score, of_no_cases_nothing_is_known) {
  const auto nothing = wilson({});
  EXPECT_EQ(nothing.low, 0);
  EXPECT_EQ(nothing.high, 100);
}

TEST(Score, each_share_counts_the_cases_that_it_is_about) {
  Scores scores;
  scores.add({.id = "1",
              .split = "a",
              .has_calls = true,
              .begins_with_call = true,
              .reached_answer = true,
              .case_right = true,
              .calls_right = true,
              .first_call_right = true,
              .answer_right = true});
  scores.add({.id = "2", .split = "a", .has_calls = true, .begins_with_call = true, .first_call_right = true});
  scores.add({.id = "3", .split = "b", .reached_answer = true, .refused = true});
  const auto& a = scores.splits().at("a");
  EXPECT_EQ(a.cases.right, 1);
  EXPECT_EQ(a.cases.of, 2);
  EXPECT_EQ(a.calls.right, 1);
  EXPECT_EQ(a.calls.of, 2);
  EXPECT_EQ(a.answers.right, 1);
  EXPECT_EQ(a.answers.of, 1);
  EXPECT_EQ(a.first_call.right, 2);
  EXPECT_EQ(a.first_call.of, 2);
  const auto& b = scores.splits().at("b");
  EXPECT_EQ(b.cases.right, 0);
  EXPECT_EQ(b.calls.of, 0);
  EXPECT_EQ(b.refused, 1);
  EXPECT_EQ(scores.all().cases.of, 3);
}

TEST(Score, is_written_for_programs_and_for_people) {
  Scores scores;
  scores.add({.id = "1", .split = "small talk", .reached_answer = true, .case_right = true, .answer_right = true});
  const auto document = scores.encode();
  ASSERT_EQ(document.size(), 1U);
  EXPECT_EQ(document[0].at("split"), json::value("small talk"));
  EXPECT_EQ(document[0].at("cases"),
            (json::value{{"right", 1}, {"of", 1}, {"percent", 100.0}, {"low", 20.7}, {"high", 100.0}}));
  const auto table = scores.table();
  EXPECT_NE(table.find("small talk  100.0 % [20.7, 100.0] 1/1"), std::string::npos) << table;
}

}  // namespace
}  // namespace writ::evaluation
