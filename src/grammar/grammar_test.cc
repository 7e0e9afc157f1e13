#include "grammar/grammar.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "grammar/limits.h"
#include "grammar/test_vocabulary.h"

namespace writ::grammar {
namespace {

bool takes_value(std::string_view schema, std::string_view value) {
  const auto grammar = grammar_of(schema);
  EXPECT_TRUE(grammar) << refusal(schema);
  return grammar && takes(*grammar, value);
}

TEST(Grammar, takes_compact_json_of_its_schema_only) {
  constexpr auto schema =
      R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"}}},"required":["a"],"additionalProperties":false})";
  EXPECT_TRUE(takes_value(schema, R"({"a":[1,-2]})"));
  EXPECT_FALSE(takes_value(schema, R"({"a": [1]})"));
  EXPECT_FALSE(takes_value(schema, R"({"a":["x"]})"));
  EXPECT_FALSE(takes_value(schema, R"({"a":[1],"b":1})"));
  EXPECT_FALSE(takes_value(schema, R"({})"));
}

TEST(Grammar, a_free_name_cannot_spell_a_known_one_with_escapes) {
  constexpr auto schema = R"({"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":true})";
  EXPECT_TRUE(takes_value(schema, R"({"a":1,"b":"x"})"));
  EXPECT_FALSE(takes_value(schema, R"({"\u0061":"x"})"));
}

TEST(Grammar, an_object_that_names_its_properties_gets_no_others_unless_it_is_one_part_of_several) {
  EXPECT_FALSE(takes_value(R"({"type":"object","properties":{"a":{"type":"integer"}}})", R"({"a":1,"b":2})"));
  EXPECT_TRUE(takes_value(R"({"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":true})",
                          R"({"a":1,"b":2})"));
  EXPECT_TRUE(takes_value(R"({"type":"object"})", R"({"a":1,"b":2})"));
  constexpr auto parts =
      R"({"allOf":[{"$ref":"#/$defs/a"},{"type":"object","properties":{"b":{"type":"null"}},"required":["b"]}],
      "$defs":{"a":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}})";
  EXPECT_TRUE(takes_value(parts, R"({"a":1,"b":null})"));
}

TEST(Grammar, control_characters_and_endless_numbers_are_not_spelt) {
  EXPECT_EQ(refusal(R"({"const":"a\u0000b"})"), "/schema/const has a control character, which answers do not spell");
  EXPECT_TRUE(takes_value(R"({"const":"a\tb"})", R"("a\tb")"));
  EXPECT_FALSE(takes_value(R"({"type":"number"})", "1e999"));
  EXPECT_FALSE(takes_value(R"({"type":"integer"})", std::string(400, '9')));
  EXPECT_TRUE(takes_value(R"({"type":"number"})", "-12.5"));
}

TEST(Grammar, numbers_hold_what_they_must_after_readers_have_rounded_them) {
  EXPECT_FALSE(takes_value(R"({"type":"number","exclusiveMinimum":1})", "1.00000000000000000000001"));
  EXPECT_FALSE(takes_value(R"({"type":"number","exclusiveMaximum":1})", "0.99999999999999999999999"));
  EXPECT_TRUE(takes_value(R"({"type":"number","exclusiveMinimum":1})", "1.5"));
  EXPECT_TRUE(takes_value(R"({"type":"integer","exclusiveMinimum":1})", "2"));
  EXPECT_FALSE(takes_value(R"({"type":"number","multipleOf":1.5})", "-5303301216669652.5"));
  EXPECT_TRUE(takes_value(R"({"type":"number","multipleOf":1.5})", "-4.5"));
}

TEST(Grammar, an_answer_with_as_many_optional_properties_as_there_may_be_stays_within_the_limits) {
  json::object properties;
  std::string answer;
  for (std::uint64_t i = 0; i < limit::properties.most; ++i) {
    properties["p" + std::to_string(i)] = {{"type", "string"}};
    if (i % 300 == 0) answer += (answer.empty() ? "{\"p" : ",\"p") + std::to_string(i) + "\":\"x\"";
  }
  EXPECT_TRUE(takes_value(
      to_text(json::object{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}),
      answer + "}"));
}

TEST(Grammar, holds_number_text_and_item_keywords) {
  EXPECT_TRUE(takes_value(R"({"type":"integer","multipleOf":5})", "35"));
  EXPECT_FALSE(takes_value(R"({"type":"integer","multipleOf":5})", "36"));
  EXPECT_FALSE(takes_value(R"({"type":"number","exclusiveMinimum":1})", "1"));
  EXPECT_FALSE(takes_value(
      R"({"minimum":1,"exclusiveMinimum":true,"type":"number","$schema":"http://json-schema.org/draft-04/schema#"})",
      "1"));
  EXPECT_FALSE(takes_value(R"({"type":"string","minLength":3})", R"("ab")"));
  EXPECT_TRUE(takes_value(R"({"type":"string","maxLength":2})", "\"é😀\""));
  EXPECT_FALSE(takes_value(R"({"type":"array","maxItems":1,"items":{"type":"null"}})", "[null,null]"));
  EXPECT_FALSE(
      takes_value(R"({"items":[{"type":"null"}],"allOf":[{}],"additionalItems":false,"type":"array"})", "[null,1]"));
  EXPECT_FALSE(
      takes_value(R"({"type":"string","pattern":"^a","format":"uuid"})", R"("b23e4567-e89b-12d3-a456-426614174000")"));
}

TEST(Grammar, what_the_engine_cannot_hold_is_refused_at_its_keyword) {
  EXPECT_TRUE(
      refusal(
          R"({"type":"object","properties":{"a":{"oneOf":[{"type":"string","minLength":1},{"type":"string","maxLength":9}]}}})")
          .starts_with("/schema/properties/a/oneOf "));
  EXPECT_TRUE(
      refusal(R"({"type":"array","minItems":1,"items":{"type":"object","properties":{"x":false},"required":["x"]}})")
          .starts_with("/schema/items"));
  EXPECT_NE(refusal("false"), "");
  EXPECT_TRUE(
      refusal(R"({"type":"object","properties":{"a":{"type":"integer","minimum":3,"maximum":2}},"required":["a"]})")
          .starts_with("/schema/properties/a "));
  EXPECT_TRUE(
      refusal(
          R"({"type":"object","properties":{"a":{"type":"string","pattern":"^a{9}$","maxLength":3}},"required":["a"]})")
          .starts_with("/schema/properties/a"));
  EXPECT_TRUE(
      refusal(
          R"({"type":"object","properties":{"a":{"type":"integer","minimum":1,"maximum":4,"multipleOf":5}},"required":["a"]})")
          .starts_with("/schema/properties/a"));
}

TEST(Grammar, matchers_of_one_grammar_do_not_disturb_one_another) {
  const auto grammar = grammar_of(R"({"enum":["yes","no"]})").value();
  auto first = grammar.begin().value();
  auto second = grammar.begin().value();
  for (const char byte : std::string_view("\"yes\"")) ASSERT_TRUE(first.accept(byte));
  EXPECT_TRUE(first.may_end().value());
  EXPECT_FALSE(first.allows('"').value());
  for (const auto word : first.mask().value()) EXPECT_EQ(word, 0U);  // complete: only an end-of-answer token
  EXPECT_TRUE(second.allows('"').value());
  EXPECT_FALSE(second.may_end().value());
}

TEST(Grammar, a_step_beyond_its_limits_fails_that_matcher_alone) {
  const auto grammar = grammar_of(R"({"type":"string","pattern":"(a|b)*a(a|b){400}(c|d)*c(c|d){400}"})");
  if (!grammar) return;  // refused before: also an answer
  auto matcher = grammar->begin().value();
  std::optional<Error> error;
  for (int i = 0; i < 30'000 && !error; ++i) {
    const auto token = i == 0 ? '"' : "ab"[(i * 7 + i / 3) % 2];
    if (auto taken = matcher.accept(token); !taken) error = taken.error();
    else if (auto mask = matcher.mask(); !mask) error = mask.error();
  }
  if (error) EXPECT_EQ(error->code, "grammar_too_complex");
  EXPECT_TRUE(grammar->begin().value().allows('"').value());
}

}  // namespace
}  // namespace writ::grammar
