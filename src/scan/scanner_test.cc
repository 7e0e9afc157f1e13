#include "scan/scanner.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace writ::scan {
namespace {

Pattern literal(std::string id, std::string text, bool any_case = false) {
  return {std::move(id), PatternKind::literal, std::move(text), any_case, 0};
}
Pattern regex(std::string id, std::string text, std::size_t max) {
  return {std::move(id), PatternKind::regex, std::move(text), false, max};
}

std::vector<Match> found(const std::vector<Pattern>& patterns, std::string_view text) {
  const auto scanner = Scanner::compile(patterns);
  if (!scanner) {
    ADD_FAILURE() << scanner.error().message;
    return {};
  }
  auto matches = scanner->scan(text);
  if (!matches) ADD_FAILURE() << matches.error().message;
  return matches.value_or(std::vector<Match>{});
}

std::string refusal(const Pattern& pattern) {
  const auto scanner = Scanner::compile({literal("fine", "x"), pattern});
  if (scanner) return "";
  EXPECT_EQ(scanner.error().code, "bad_patterns");
  EXPECT_EQ(scanner.error().problems.size(), 1U);
  EXPECT_EQ(scanner.error().problems[0].pointer, "/patterns/1");
  return scanner.error().problems[0].message;
}

TEST(Scanner, finds_every_pattern_with_its_place) {
  const auto matches = found({literal("a", "cat"), regex("b", R"([0-9]{3}-[0-9]{2})", 6)}, "a cat, 123-45, cat");
  EXPECT_EQ(matches, (std::vector<Match>{{"a", 2, 5}, {"b", 7, 13}, {"a", 15, 18}}));
}

TEST(Scanner, adjacent_and_overlapping_matches_are_all_found) {
  EXPECT_EQ(found({literal("a", "ab")}, "ababab"), (std::vector<Match>{{"a", 0, 2}, {"a", 2, 4}, {"a", 4, 6}}));
  EXPECT_EQ(found({literal("a", "aa")}, "aaa"), (std::vector<Match>{{"a", 0, 2}, {"a", 1, 3}}));
  EXPECT_EQ(found({literal("a", "abc"), literal("b", "bcd")}, "abcd"), (std::vector<Match>{{"a", 0, 3}, {"b", 1, 4}}));
}

TEST(Scanner, a_literal_stands_for_itself_whatever_its_characters) {
  for (const std::string& text : {std::string("a.c*(x)[y]{2}^$|\\b"), std::string("#! \t\n/"),
                                  std::string("nul\0inside", 10), std::string("\\x41")}) {
    const auto matches = found({literal("a", text)}, "abc" + text + "axc");
    ASSERT_EQ(matches.size(), 1U) << text;
    EXPECT_EQ(matches[0], (Match{"a", 3, 3 + text.size()}));
  }
}

TEST(Scanner, case_is_folded_only_where_asked_and_beyond_ascii) {
  EXPECT_TRUE(found({literal("a", "Secret")}, "secret SECRET").empty());
  EXPECT_EQ(found({literal("a", "Secret", true)}, "secret SECRET").size(), 2U);
  EXPECT_EQ(found({literal("a", "grün", true)}, "GRÜN").size(), 1U);
}

TEST(Scanner, a_pattern_of_unbounded_length_is_refused) {
  for (auto text : {"a+", "ab.*c", "(xy)*z", "a{3,}"})
    EXPECT_NE(refusal(regex("r", text, 1'000)).find("no maximum length"), std::string::npos) << text;
}

TEST(Scanner, a_pattern_that_can_match_more_than_it_declares_is_refused) {
  EXPECT_NE(refusal(regex("r", "a{1,9}", 8)).find("more than the declared 8"), std::string::npos);
  EXPECT_EQ(refusal(regex("r", "a{1,9}", 9)), "");
  auto long_literal = literal("l", "abcdef");
  long_literal.max_match_length = 5;
  EXPECT_NE(refusal(long_literal).find("more than the declared 5"), std::string::npos);
}

TEST(Scanner, a_regex_without_a_declared_length_is_refused) {
  EXPECT_NE(refusal(regex("r", "ab", 0)).find("must declare"), std::string::npos);
}

TEST(Scanner, wrong_patterns_are_refused_all_at_once_with_their_index) {
  const auto scanner =
      Scanner::compile({literal("a", "ok"), literal("", "x"), literal("b", ""), regex("c", "(", 5),
                        regex("d", "(a)\\1", 5), regex("e", "a?", 5), literal("a", "again"), literal("f", "\xff")});
  ASSERT_FALSE(scanner);
  std::vector<std::string> at;
  for (const auto& problem : scanner.error().problems) at.push_back(problem.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/patterns/1", "/patterns/2", "/patterns/3", "/patterns/4", "/patterns/5",
                                          "/patterns/6", "/patterns/7"}));
  EXPECT_EQ(Scanner::compile(std::vector<Pattern>(patterns_max + 1, literal("a", "b"))).error().code, "bad_patterns");
}

TEST(Scanner, the_longest_match_of_a_set_is_known_in_bytes) {
  const auto set = Scanner::compile({literal("a", "grün"), regex("b", "[0-9]{2,7}", 10)});
  ASSERT_TRUE(set);
  EXPECT_EQ(set->max_match_length(), 7U);
  EXPECT_EQ(set->lookahead(), 4U);
  const auto literals = Scanner::compile({literal("a", "grün")});
  EXPECT_EQ(literals->max_match_length(), 5U);
  EXPECT_EQ(literals->lookahead(), 0U);
}

TEST(Scanner, no_patterns_find_nothing) {
  EXPECT_TRUE(found({}, "anything").empty());
  EXPECT_EQ(Scanner::compile({})->max_match_length(), 0U);
}

TEST(Scanner, text_that_is_not_utf8_is_an_error) {
  const auto scanner = Scanner::compile({literal("a", "b")});
  ASSERT_TRUE(scanner);
  EXPECT_EQ(scanner->scan("a\xff").error().code, "bad_text");
}

TEST(Scanner, scans_on_many_threads_at_once) {
  const auto scanner = Scanner::compile({literal("a", "needle"), regex("b", "[0-9]{4}", 4)});
  ASSERT_TRUE(scanner);
  std::atomic<std::size_t> count = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) count += scanner->scan("a needle in 2024 haystacks").value().size();
      });
  }
  EXPECT_EQ(count, 4U * 200U * 2U);
}

}  // namespace
}  // namespace writ::scan
