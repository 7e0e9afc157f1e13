#include "evaluation/cases.h"

#include <gtest/gtest.h>

namespace writ::evaluation {
namespace {

std::string case_with(std::string_view steps) {
  return R"({"id":"a/1","split":"a","messages":[{"role":"user","content":"hi"}],"steps":)" + std::string(steps) + "}";
}
/// The pointers of what is wrong with it.
std::vector<std::string> problems_of(std::string_view steps) {
  const auto read = read_case(case_with(steps));
  std::vector<std::string> out;
  if (read) return out;
  EXPECT_EQ(read.error().code, "bad_case");
  for (const auto& problem : read.error().problems) out.push_back(problem.pointer);
  return out;
}
using Pointers = std::vector<std::string>;

TEST(Cases, a_case_is_read_with_its_steps) {
  const auto read = read_case(case_with(
      R"([{"calls":[{"name":"recall","arguments":{"key":"budget"},"same":["Budget",{"key":"BUDGET"}]}],"results":["{}"]},)"
      R"({"answer":{"must":["180"],"any":["a","b"],"must_not":["c"]}}])"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, "a/1");
  ASSERT_EQ(read->steps.size(), 2U);
  const auto& call = read->steps[0].calls.at(0);
  EXPECT_EQ(call.name, "recall");
  EXPECT_EQ(call.same, (json::array{json::object{{"key", "Budget"}}, json::object{{"key", "BUDGET"}}}));
  ASSERT_TRUE(read->steps[1].answer);
  EXPECT_EQ(read->steps[1].answer->must, std::vector<std::string>{"180"});
  EXPECT_EQ(read->steps[1].answer->any.size(), 2U);
}

TEST(Cases, what_contradicts_itself_is_named) {
  EXPECT_EQ(problems_of("[]"), Pointers{"/steps"});
  EXPECT_EQ(problems_of("[{}]"), Pointers{"/steps/0"});
  EXPECT_EQ(problems_of(R"([{"answer":{}}])"), Pointers{"/steps/0/answer"});
  EXPECT_EQ(problems_of(R"([{"answer":{"must":["a"]}},{"answer":{"must":["a"]}}])"), Pointers{"/steps/0/answer"});
  EXPECT_EQ(problems_of(R"([{"calls":[{"name":"a","arguments":{}}]},{"answer":{"must":["a"]}}])"),
            Pointers{"/steps/0/results"});
  EXPECT_EQ(problems_of(R"([{"calls":[{"name":"a","arguments":{},"by_value":true}]}])"),
            Pointers{"/steps/0/calls/0/by_value"});
  EXPECT_EQ(problems_of(R"([{"calls":[{"name":"calculator","arguments":{"expression":"2 +"},"by_value":true}]}])"),
            Pointers{"/steps/0/calls/0/arguments/expression"});
  EXPECT_EQ(problems_of(R"([{"calls":[{"name":"a","arguments":{"x":1,"y":2},"same":["b"]}]}])"),
            Pointers{"/steps/0/calls/0/same/0"});
  EXPECT_EQ(problems_of(R"([{"answer":{"must":["a"],"mustnt":["b"]}}])"), Pointers{"/steps/0/answer/mustnt"});
}

TEST(Cases, the_last_step_needs_no_results) {
  EXPECT_TRUE(read_case(case_with(R"([{"calls":[{"name":"a","arguments":{}}]}])")));
}

TEST(Cases, a_file_skips_blank_lines_and_names_the_bad_one) {
  const auto good = case_with(R"([{"answer":{"must":["a"]}}])");
  const auto read = read_cases(good + "\r\n\n" + good, "x.jsonl");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 2U);
  const auto bad = read_cases(good + "\n\n{}\n", "x.jsonl");
  ASSERT_FALSE(bad);
  EXPECT_TRUE(bad.error().message.starts_with("x.jsonl, line 3: ")) << bad.error().message;
  const auto empty = read_cases("\n", "x.jsonl");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().message, "x.jsonl holds no case");
}

TEST(Cases, a_limit_counts_in_each_split) {
  std::vector<Case> cases(5);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    cases[i].id = std::to_string(i);
    cases[i].split = i < 3 ? "a" : "b";
  }
  const auto kept = first_of_each_split(cases, 1);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].id, "0");
  EXPECT_EQ(kept[1].id, "3");
}

}  // namespace
}  // namespace writ::evaluation
