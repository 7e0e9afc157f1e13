#include "scan/pattern_weight.h"

#include <gtest/gtest.h>

namespace writ::scan {
namespace {

std::size_t weight(std::string text, PatternKind kind = PatternKind::regex) {
  const auto found = weight_of({"p", kind, std::move(text), false, 0});
  if (!found) ADD_FAILURE() << found.error();
  return found.value_or(0);
}

TEST(PatternWeight, grows_with_what_is_written_out) {
  EXPECT_EQ(weight("some term", PatternKind::literal), 9U);
  EXPECT_EQ(weight("abc"), 12U);
  EXPECT_EQ(weight("[a-z]{1,16}@[a-z]{2}"), 4U * (16 + 1 + 2));
  EXPECT_EQ(weight(".{1,64}"), 32U * 64);
  EXPECT_EQ(weight("[^a]{3}"), 32U * 3);
  EXPECT_EQ(weight("((a{1,20}b){1,20}c){1,5}"), 4U * ((20 + 1) * 20 + 1) * 5);
  EXPECT_EQ(weight(R"(\bcat\b)"), 20U);
  EXPECT_EQ(weight(R"([\]]{2}\x{41}{3})"), 4U * (2 + 3));
}

TEST(PatternWeight, of_what_would_take_seconds_is_above_the_bound) {
  for (const auto* text : {".{1,1000}x", "[^a]{1,200}x", "(a|b|cd){1,500}", "[a-z]{1,4000}", R"(\pL{1,100})",
                           "((((a{9}){9}){9}){9}){9}", "a{99999999999999999999}{9}{9}"})
    EXPECT_GT(weight(text), pattern_weight_max) << text;
}

TEST(PatternWeight, of_broken_expressions_is_found_without_reading_beyond_them) {
  for (const auto* text : {"", "[", "[^", "\\", "(", ")", "a{", "a{1,", "\\x{", "[\\", "))))((", "{{{{"})
    EXPECT_LE(weight(text), 100U) << text;
}

TEST(PatternWeight, deep_nesting_is_refused) {
  EXPECT_FALSE(weight_of({"p", PatternKind::regex, std::string(2000, '(') + "a" + std::string(2000, ')'), false, 1}));
}

}  // namespace
}  // namespace writ::scan
