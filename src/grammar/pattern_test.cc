#include "grammar/pattern.h"

#include <gtest/gtest.h>

#include "grammar/test_vocabulary.h"

namespace writ::grammar {
namespace {

/// Whether an answer may be this text where the schema has only this pattern.
bool matches(std::string_view pattern, std::string_view text) {
  const auto grammar = grammar_of(to_text(json::object{{"type", "string"}, {"pattern", pattern}}));
  EXPECT_TRUE(grammar) << pattern << ": " << refusal(to_text(json::object{{"type", "string"}, {"pattern", pattern}}));
  return grammar && takes(*grammar, to_text(json::value(text)));
}

TEST(Pattern, without_anchors_matches_anywhere) {
  EXPECT_TRUE(matches("[0-9]{4}", "in 1984 and"));
  EXPECT_FALSE(matches("[0-9]{4}", "in 198"));
  EXPECT_TRUE(matches("^ab", "abc"));
  EXPECT_FALSE(matches("^ab", "cab"));
  EXPECT_TRUE(matches("ab$", "cab"));
  EXPECT_TRUE(matches("^a$|b", "xbx"));
  EXPECT_FALSE(matches("^a$|b", "aa"));
}

TEST(Pattern, classes_and_escapes_mean_what_ecma_says) {
  EXPECT_TRUE(matches(R"(^\d\w\s$)", "1_\xC2\xA0"));
  EXPECT_FALSE(matches(R"(^\d$)", "\xD9\xA3"));  // an Arabic digit is no \d
  EXPECT_TRUE(matches(R"(^[^\d]$)", "\xD9\xA3"));
  EXPECT_TRUE(matches(R"(^[\S-]{2}$)", "a-"));
  EXPECT_FALSE(matches("^.$", "\n"));
  EXPECT_FALSE(matches("^.$", "\r"));
  EXPECT_TRUE(matches("^[^]$", "\n"));
  EXPECT_TRUE(matches(R"(^\u00e9\x41\u{1F600}\ud83d\ude00$)",
                      "\xC3\xA9"
                      "A\xF0\x9F\x98\x80\xF0\x9F\x98\x80"));
  EXPECT_TRUE(matches(R"(^a{,2}\/\.$)", "a{,2}/."));
  EXPECT_TRUE(matches(R"(^\p{Lu}+$)", "ÄB"));
  EXPECT_TRUE(matches(R"(^(?<year>a|b)??(?:c)+?$)", "acc"));
}

TEST(Pattern, what_cannot_be_enforced_is_refused_by_name) {
  const auto why = [](std::string_view pattern) {
    const auto enforced = enforced_pattern(pattern);
    return enforced ? std::string("accepted") : enforced.error().message;
  };
  for (const auto* pattern : {"^(?=.*[0-9]).{8,}$", "(?!a)b", "(?<=a)b", "(?<!a)b"})
    EXPECT_EQ(why(pattern), "has a look-around assertion, which cannot be enforced") << pattern;
  EXPECT_EQ(why(R"((a)\1)"), "has a back reference, which cannot be enforced");
  EXPECT_EQ(why(R"((?<x>a)\k<x>)"), "has a back reference, which cannot be enforced");
  EXPECT_EQ(why(R"(\bword\b)"), "has a word boundary, which cannot be enforced");
  EXPECT_EQ(why("(^a|b)"), "has an anchor inside a group, which cannot be enforced");
  EXPECT_EQ(why("a^b"), "has an anchor inside, which cannot be enforced");
  EXPECT_EQ(why("a$b"), "has an anchor inside, which cannot be enforced");
  EXPECT_EQ(why("(?i)a"), "has a group modifier, which cannot be enforced");
}

TEST(Pattern, what_is_no_pattern_is_refused) {
  for (const auto* pattern : {"^[a", "(a", "a)", "*a", "a**", "a{2,1}", "[b-a]", R"(\u12)", R"(\ud800)", "a\\", "[]",
                              R"(\q)", R"(\p{})", "{1}", "+", "(?<>a)", R"(\u{110000})"})
    EXPECT_FALSE(enforced_pattern(pattern)) << pattern;
}

TEST(Pattern, size_counts_what_quantifiers_repeat) {
  EXPECT_TRUE(enforced_pattern("^(?:a{1,90}){1,90}$"));
  EXPECT_FALSE(enforced_pattern("((a{1,1000}){1,1000})"));
  EXPECT_FALSE(enforced_pattern("a{99999999999999999999}"));
  EXPECT_FALSE(enforced_pattern("((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}"));
  EXPECT_FALSE(enforced_pattern(std::string(50'000, '(') + "a" + std::string(50'000, ')')));
  EXPECT_FALSE(enforced_pattern(std::string(500, '(') + "a" + std::string(500, ')')));
}

TEST(Formats, take_what_every_validator_takes) {
  const auto takes_as = [](std::string_view format, std::string_view text) {
    const auto grammar = grammar_of(to_text(json::object{{"type", "string"}, {"format", format}}));
    EXPECT_TRUE(grammar) << format;
    return grammar && takes(*grammar, to_text(json::value(text)));
  };
  EXPECT_TRUE(takes_as("date", "2024-02-29"));
  EXPECT_FALSE(takes_as("date", "2023-02-29"));
  EXPECT_TRUE(takes_as("date", "2000-02-29"));
  EXPECT_FALSE(takes_as("date", "1900-02-29"));
  EXPECT_FALSE(takes_as("date", "2024-04-31"));
  EXPECT_TRUE(takes_as("date-time", "2024-02-29T23:59:59.5+01:00"));
  EXPECT_FALSE(takes_as("date-time", "2024-02-29T23:59:60Z"));
  EXPECT_TRUE(takes_as("duration", "P1Y2M3DT4H5M6S"));
  EXPECT_TRUE(takes_as("duration", "PT5M"));
  EXPECT_FALSE(takes_as("duration", "P"));
  EXPECT_TRUE(takes_as("email", "ann.b@example.org"));
  EXPECT_FALSE(takes_as("email", "ann@example"));
  EXPECT_TRUE(takes_as("hostname", "a-b.example.org"));
  EXPECT_FALSE(takes_as("hostname", "-a"));
  EXPECT_TRUE(takes_as("ipv4", "127.0.0.1"));
  EXPECT_FALSE(takes_as("ipv4", "256.0.0.1"));
  EXPECT_TRUE(takes_as("ipv6", "2001:db8::1"));
  EXPECT_TRUE(takes_as("ipv6", "::"));
  EXPECT_TRUE(takes_as("ipv6", "::1"));
  EXPECT_FALSE(takes_as("ipv6", "1::2::3"));
  EXPECT_TRUE(takes_as("uri", "https://example.org:80/a%20b?x=1#y"));
  EXPECT_TRUE(takes_as("uri", "urn:a:b"));
  EXPECT_FALSE(takes_as("uri", "no uri"));
  EXPECT_TRUE(takes_as("uuid", "123e4567-e89b-12d3-a456-426614174000"));
}

}  // namespace
}  // namespace writ::grammar
