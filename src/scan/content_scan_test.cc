#include "scan/content_scan.h"

#include <gtest/gtest.h>

#include "scan/json_strings.h"

namespace writ::scan {
namespace {

const Scanner& scanner() {
  static const auto compiled =
      Scanner::compile({{"secret", PatternKind::literal, "secret", true, 0},
                        {"two", PatternKind::literal, "top level", true, 0},
                        {"ssn", PatternKind::literal, "ssn", true, 0},
                        {"umlaut", PatternKind::literal, "Müller", true, 0},
                        {"kyrillic", PatternKind::literal, "пароль", true, 0},
                        {"kyrillic-regex", PatternKind::regex, "код[0-9]{3}", false, 16},
                        {"mail", PatternKind::regex, R"(\b[a-z]{1,16}@[a-z]{1,16}\b)", false, 33}});
  return *compiled;
}

std::set<std::string> found_in(std::string_view text, const std::vector<std::size_t>& breaks = {}) {
  const auto found = patterns_in(scanner(), {.text = text, .breaks = breaks});
  if (!found) ADD_FAILURE() << found.error().message;
  return found.value_or(std::set<std::string>{});
}
bool finds(std::string_view pattern, std::string_view text, const std::vector<std::size_t>& breaks = {}) {
  return found_in(text, breaks).contains(std::string(pattern));
}

TEST(ContentScan, finds_what_stands_there_and_what_it_reads_as) {
  EXPECT_TRUE(finds("secret", "the secret"));
  EXPECT_TRUE(finds("secret", "the ѕeсret"));
  EXPECT_TRUE(finds("secret", "the s\u200Be\u200Bc\u200Br\u200Be\u200Bt"));
  EXPECT_TRUE(finds("mail", "to ann＠example"));
  EXPECT_TRUE(found_in("nothing to see, no sécurité").empty());
}

TEST(ContentScan, a_form_never_hides_what_the_text_holds_as_it_stands) {
  EXPECT_TRUE(finds("secret", R"(\secret)"));
  EXPECT_TRUE(finds("secret", "secre\u0074\u0301")) << "a mark after the match";
  EXPECT_TRUE(finds("kyrillic", "пароль"));
  EXPECT_TRUE(finds("kyrillic-regex", "код123"));
}

TEST(ContentScan, literals_of_other_alphabets_are_found_in_disguise) {
  EXPECT_TRUE(finds("umlaut", "Mu\u0308ller"));
  EXPECT_TRUE(finds("umlaut", "MULLER"));
  EXPECT_TRUE(finds("kyrillic", "пap\u200Bоль"));
  EXPECT_TRUE(finds("kyrillic-regex", "ко\u200Bд１２３"));
}

TEST(ContentScan, a_word_split_over_parts_is_put_together) {
  EXPECT_TRUE(finds("secret", "my sec\nret plan", {6}));
  EXPECT_TRUE(finds("secret", "s\ne\nc\nr\ne\nt\n", {1, 3, 5, 7, 9, 11}));
  EXPECT_TRUE(finds("secret", "ѕe\u200B\nc\\u0072et", {6}));
  EXPECT_TRUE(finds("two", "on the top\nlevel", {10}));
  EXPECT_TRUE(finds("secret", "my sec \n\u200B\u00A0\n \n\tret plan", {7, 13, 15}));
  EXPECT_FALSE(finds("secret", "my sec\nret plan")) << "a line break within a part splits words";
}

TEST(ContentScan, names_beside_each_other_are_no_word) {
  EXPECT_FALSE(finds("ssn", "address\nname", {7}));
  EXPECT_FALSE(finds("ssn", R"({"address":"x","name":"y"})"));
  EXPECT_TRUE(finds("ssn", R"(["my ss","n"])"));
}

TEST(ContentScan, only_the_ends_of_long_parts_are_put_together) {
  const std::string filler(joined_bytes(scanner()) * 3, '.');
  const auto text = filler + "sec\nret" + filler;
  EXPECT_TRUE(finds("secret", text, {filler.size() + 3}));
}

TEST(ContentScan, strings_of_json_are_put_together) {
  EXPECT_TRUE(finds("secret", R"(["sec","ret"])"));
  EXPECT_TRUE(finds("secret", R"({"a":"sec","b":"ret"})"));
  EXPECT_TRUE(finds("secret", R"({"sec":1,"ret":2})"));
  EXPECT_TRUE(finds("secret", R"({"sec":"ret"})"));
  EXPECT_TRUE(finds("secret", R"({"a":["s","e",{"x":["c","r"]},"e","t"]})"));
  EXPECT_TRUE(finds("secret", R"({"a":"[\"sec\",\"ret\"]"})"));
  EXPECT_TRUE(finds("secret", R"({"a":"\u0073ecret"})"));
  EXPECT_TRUE(finds("secret", R"({"a":"\u0073ec","b":"ret"})"));
  EXPECT_TRUE(finds("secret", R"(look: {"a":["sec","ret"]})"));
  EXPECT_TRUE(finds("two", R"(["top","level"])"));
}

TEST(ContentScan, json_that_no_parser_takes_is_taken_apart_all_the_same) {
  EXPECT_TRUE(finds("secret", R"({"a":"sec","a":"ret")"));
  EXPECT_TRUE(finds("secret", std::string(100, '[') + R"("sec","ret")"));
  EXPECT_TRUE(finds("secret", R"(["sec","ret)"));
}

TEST(ContentScan, a_break_that_is_none_is_refused) {
  const std::vector<std::size_t> breaks{1};
  EXPECT_EQ(patterns_in(scanner(), {.text = "abc", .breaks = breaks}).error().code, "bad_text");
  EXPECT_EQ(patterns_in(scanner(), {.text = "\xff", .breaks = {}}).error().code, "bad_text");
}

TEST(JsonStrings, of_deep_nesting_are_taken_without_recursion) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "[\"a\",";
  EXPECT_EQ(json_strings(deep).size(), 200'000U);
}

}  // namespace
}  // namespace writ::scan
