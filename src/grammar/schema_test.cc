#include "grammar/schema.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "grammar/limits.h"
#include "grammar/test_vocabulary.h"

namespace writ::grammar {
namespace {

std::string why(const json::value& schema) {
  const auto enforced = enforced_schema(schema, "/s");
  if (enforced) return {};
  EXPECT_FALSE(enforced.error().problems.empty());
  return enforced.error().problems.empty()
             ? "?"
             : enforced.error().problems[0].pointer + " " + enforced.error().problems[0].message;
}
std::string why(const char* schema) { return why(parse_json(schema).value()); }

TEST(Schema, keywords_that_cannot_be_enforced_are_refused_at_their_pointer) {
  for (const auto* keyword : {"$dynamicRef", "contains", "dependencies", "dependentRequired", "dependentSchemas", "if",
                              "not", "propertyNames", "unevaluatedItems", "unevaluatedProperties"}) {
    const json::value inside = {{"type", "object"},
                                {"properties", {{"a", {{keyword, {{"x", {{"type", "string"}}}}}, {"then", true}}}}}};
    EXPECT_EQ(why(inside), fmt::format("/s/properties/a/{} {} cannot be enforced", keyword, keyword));
    EXPECT_EQ(support_of(keyword), Support::refused) << keyword;
  }
  EXPECT_EQ(why(R"({"type":"array","items":{"type":"array","uniqueItems":true}})"),
            "/s/items/uniqueItems uniqueItems cannot be enforced");
  EXPECT_EQ(why(R"({"anyOf":[{"type":"string"},{"type":"string","format":"idn-email"}]})"),
            "/s/anyOf/1/format the format idn-email cannot be enforced");
  EXPECT_EQ(why(R"({"type":"object","minProperties":2})"),
            "/s/minProperties minProperties beyond the required names cannot be enforced");
}

TEST(Schema, what_asserts_nothing_passes) {
  EXPECT_EQ(why(R"({"type":"array","uniqueItems":false,"title":"t","x-guidance":{"lenient":true},"examples":[1]})"),
            "");
  EXPECT_EQ(why(R"({"type":"integer","format":"int32"})"), "");
  EXPECT_EQ(why(R"({"if":{"type":"string"},"minContains":2,"dependencies":{}})"), "");
  EXPECT_EQ(why(R"({"$id":"https://example.org/x","$schema":"http://json-schema.org/draft-07/schema#"})"), "");
  const auto schema = enforced_schema(*parse_json(R"({"x-guidance":{"lenient":true},"type":"string"})"), "/s").value();
  EXPECT_EQ(to_text(schema.document), R"({"$comment":"/s","type":"string"})");
}

TEST(Schema, references_lead_to_schemas_of_the_same_document) {
  const auto schema =
      enforced_schema(*parse_json(R"({"$ref":"#/definitions/a~1b%25","definitions":{"a/b%":{"type":"null"}}})"), "/s");
  ASSERT_TRUE(schema);
  EXPECT_EQ(to_text(schema->document),
            R"({"$comment":"/s","$ref":"#/$defs/1","$defs":{"1":{"$comment":"/s/definitions/a~1b%","type":"null"}}})");
  EXPECT_EQ(why(R"({"$ref":"https://example.org/x.json"})"),
            "/s/$ref only references into the schema itself are supported: # or #/…");
  EXPECT_EQ(why(R"({"$ref":"#/$defs/none"})"), "/s/$ref leads to no schema");
  EXPECT_EQ(why(R"({"$ref":"#/$defs/x","$defs":{"x":{"items":{"not":{}}}}})"),
            "/s/$defs/x/items/not not cannot be enforced");
  EXPECT_EQ(why(R"({"type":"object","properties":{"next":{"$ref":"#"}}})"), "");
}

TEST(Schema, references_that_never_reach_a_value_are_refused) {
  EXPECT_EQ(why(R"({"$ref":"#"})"), "/s/$ref leads back to itself without ever reaching a value");
  EXPECT_EQ(why(R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})"),
            "/s/$defs/b/$ref leads back to itself without ever reaching a value");
  EXPECT_EQ(why(R"({"anyOf":[{"type":"string"},{"$ref":"#"}]})"),
            "/s/anyOf/1/$ref leads back to itself without ever reaching a value");
}

TEST(Schema, what_needs_itself_inside_itself_is_refused) {
  constexpr std::string_view message = " needs itself inside itself: no value of it is ever whole";
  for (
      const auto* circle :
      {R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})",
       R"({"type":"object","additionalProperties":{"$ref":"#"},"required":["a"]})",
       R"({"type":"array","items":{"$ref":"#"},"minItems":1})",
       R"({"type":"array","prefixItems":[true,{"$ref":"#"}],"minItems":2})",
       R"({"type":"object","properties":{"a":{"anyOf":[{"$ref":"#"},{"type":"array","items":{"$ref":"#"},"minItems":1}]}},"required":["a"]})"})
    EXPECT_EQ(why(circle), std::string("/s").append(message)) << circle;
  EXPECT_EQ(why(R"({"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},
                    "$defs":{"n":{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"required":["n"]}}})"),
            std::string("/s/$defs/n").append(message))
      << "a member that may be left out can be begun, too";
  for (const auto* whole :
       {R"({"type":"object","properties":{"a":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["a"]})",
        R"({"type":"array","items":{"$ref":"#"}})",
        R"({"type":"array","prefixItems":[true,{"$ref":"#"}],"minItems":1})",
        R"({"properties":{"a":{"$ref":"#"}},"required":["a"]})"})
    EXPECT_EQ(why(whole), "") << whole;
}

TEST(Schema, expressions_about_one_value_stand_in_one_place) {
  const std::string_view places =
      " says pattern, format, patternProperties, multipleOf or bounds of the same values in several places, which "
      "cannot be enforced: say them in one schema, not in parts (allOf, anyOf, oneOf, $ref)";
  const auto refused = [&](const char* schema, std::string at = "/s") {
    EXPECT_EQ(why(schema), at.append(places)) << schema;
  };
  json::array many;
  for (int i = 0; i < 40; ++i) many.push_back({{"type", "string"}, {"pattern", fmt::format("a{0}.*b{0}.*c{0}x", i)}});
  EXPECT_EQ(why(json::object{{"allOf", many}}), std::string("/s").append(places));
  refused(R"({"allOf":[{"pattern":"a"},{"maxLength":3}]})");
  refused(R"({"pattern":"a","anyOf":[{"type":"string","minLength":3}]})");
  refused(R"({"pattern":"a","$ref":"#/$defs/b","$defs":{"b":{"maxLength":2}}})");
  refused(R"({"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}],"$defs":{"a":{"pattern":"a"},"b":{"pattern":"b"}}})");
  refused(R"({"allOf":[{"properties":{"x":{"pattern":"a"}}},{"properties":{"x":{"pattern":"b"}}}]})");
  refused(R"({"type":"object","properties":{"x":{"oneOf":[{"type":"string","format":"date"}],"maxLength":9}}})",
          "/s/properties/x");
  refused(R"({"allOf":[{"multipleOf":3},{"multipleOf":5}]})");
  refused(R"({"allOf":[{"allOf":[{"pattern":"a"}]},{"items":{"minimum":2}}]})");
  EXPECT_EQ(why(R"({"type":"string","pattern":"a","format":"date","maxLength":10})"),
            "/s/format pattern, format and a length in one schema cannot be enforced: leave one of them out");
  for (
      const auto* fine :
      {R"({"type":"string","pattern":"a","maxLength":10})", R"({"type":"string","format":"date","pattern":"2"})",
       R"({"anyOf":[{"type":"string","pattern":"a"},{"type":"string","pattern":"b"}]})",
       R"({"allOf":[{"type":"object","properties":{"pattern":{"type":"string"}}},{"properties":{"b":{"maxLength":2}}}]})",
       R"({"type":"object","properties":{"x":{"format":"date"}},"anyOf":[{"required":["x"]},{"required":["y"]}]})",
       R"({"allOf":[{"$ref":"#/$defs/a"}],"description":"one","$defs":{"a":{"type":"string","pattern":"a"}}})",
       R"({"allOf":[{"maxLength":3},{"minLength":2}]})"})
    EXPECT_EQ(why(fine), "") << fine;
}

TEST(Schema, ill_formed_keywords_are_refused) {
  EXPECT_EQ(why(R"({"type":"banana"})"), "/s/type must be a type of JSON, or a list of them");
  EXPECT_EQ(why(R"({"properties":[]})"), "/s/properties must be an object of schemas");
  EXPECT_EQ(why(R"({"properties":{"a":3}})"), "/s/properties/a must be a schema: an object or a boolean");
  EXPECT_EQ(why(R"({"required":true})"), "/s/required must be a list of names");
  EXPECT_EQ(why(R"({"minLength":-1})"), "/s/minLength must be a whole number, 0 or more");
  EXPECT_EQ(why(R"({"minLength":"1"})"), "/s/minLength must be a whole number, 0 or more");
  EXPECT_EQ(why(R"({"multipleOf":0})"), "/s/multipleOf must be above 0");
  EXPECT_EQ(why(R"({"minimum":"1"})"), "/s/minimum must be a number");
  EXPECT_EQ(why(R"({"anyOf":[]})"), "/s/anyOf must be a list of one schema or more");
  EXPECT_EQ(why(R"({"enum":[]})"), "/s/enum must be a list of one value or more");
  EXPECT_EQ(why(R"({"$schema":"https://example.org/mine"})"),
            "/s/$schema is not a draft of JSON Schema that is known here");
  EXPECT_EQ(why(R"({"pattern":"^[a"})"), "/s/pattern the pattern has a [ without its ]");
  EXPECT_EQ(why(json::value(3)), "/s must be a schema: an object or a boolean");
}

/// A schema that is just within and one that is just beyond each limit.
struct Bound {
  std::string_view name;
  std::function<json::value(std::uint64_t)> schema;
  std::uint64_t most;
};

json::object properties(std::uint64_t count) {
  json::object all;
  for (std::uint64_t i = 0; i < count; ++i) all[fmt::format("p{}", i)] = true;
  return all;
}
json::array many(std::uint64_t count) {
  json::array all;
  for (std::uint64_t i = 0; i < count; ++i) all.emplace_back(static_cast<std::int64_t>(i));
  return all;
}
json::value chain(std::uint64_t links) {
  json::object defs;
  for (std::uint64_t i = 1; i < links; ++i) defs[fmt::format("c{}", i)] = {{"$ref", fmt::format("#/$defs/c{}", i + 1)}};
  defs[fmt::format("c{}", links)] = {{"type", "integer"}};
  return {{"$ref", "#/$defs/c1"}, {"$defs", defs}};
}
json::value nested(std::uint64_t levels) {
  json::value inner = json::object{};
  for (std::uint64_t i = 0; i < levels; ++i) inner = json::object{{"items", inner}};
  return inner;
}
json::value branches(std::string_view keyword, std::uint64_t count) {
  return json::object{{keyword, json::array(count, json::object{{"type", "string"}})}};
}

const std::vector<Bound>& bounds() {
  static const std::vector<Bound> all{
      {"schema bytes", [](std::uint64_t n) { return json::value{{"title", std::string(n - 12, 'x')}}; },
       limit::schema_bytes.most},
      {"schema depth", [](std::uint64_t n) { return nested(n); }, limit::depth.most},
      {"name length",
       [](std::uint64_t n) { return json::value{{"properties", json::object{{std::string(n, 'a'), true}}}}; },
       limit::name_bytes.most},
      {"properties", [](std::uint64_t n) { return json::value{{"properties", properties(n)}}; },
       limit::properties.most},
      {"definitions", [](std::uint64_t n) { return json::value{{"$defs", properties(n)}}; }, limit::definitions.most},
      {"reference chain", [](std::uint64_t n) { return chain(n); }, limit::reference_chain.most},
      {"enum values", [](std::uint64_t n) { return json::value{{"enum", many(n)}}; }, limit::enum_values.most},
      {"branches", [](std::uint64_t n) { return branches("anyOf", n); }, limit::branches.most},
      {"oneOf branches", [](std::uint64_t n) { return branches("oneOf", n); }, limit::one_of.most},
      {"length", [](std::uint64_t n) { return json::value{{"maxLength", n}}; }, limit::length.most},
      {"number",
       [](std::uint64_t n) {
         return json::value{{"minimum", -static_cast<double>(n == limit::number.most ? n : n + 1)}};
       },
       limit::number.most},
      {"decimals",
       [](std::uint64_t n) { return json::value{{"maximum", 1 + std::pow(10.0, -static_cast<double>(n))}}; },
       limit::decimals.most},
      {"multipleOf", [](std::uint64_t n) { return json::value{{"multipleOf", n}}; }, limit::multiple_of.most},
      {"pattern length", [](std::uint64_t n) { return json::value{{"pattern", std::string(n, 'a')}}; },
       limit::pattern_bytes.most},
      {"pattern depth",
       [](std::uint64_t n) { return json::value{{"pattern", std::string(n, '(') + std::string(n, ')')}}; },
       limit::pattern_depth.most},
      {"pattern size", [](std::uint64_t n) { return json::value{{"pattern", fmt::format("a{{{}}}", n)}}; },
       limit::pattern_size.most}};
  return all;
}

TEST(SchemaLimits, hold_at_each_bound_and_refuse_beyond_it) {
  for (const auto& bound : bounds()) {
    EXPECT_EQ(why(bound.schema(bound.most)), "") << bound.name;
    EXPECT_NE(why(bound.schema(bound.most + 1)), "") << bound.name;
  }
}

TEST(SchemaLimits, references_and_subschemas_are_counted_in_the_whole_schema) {
  json::array items(limit::references.most + 1, json::object{{"$ref", "#/$defs/a"}});
  EXPECT_NE(why(json::value{{"prefixItems", items}, {"$defs", {{"a", true}}}}), "");
  json::array schemas(limit::subschemas.most + 1, json::object{{"type", "string"}});
  EXPECT_NE(why(json::value{{"prefixItems", schemas}}), "");
}

TEST(SchemaLimits, pointers_stay_short_whatever_a_name_is) {
  const auto reason = why(json::value{{"properties", json::object{{std::string(50'000, '!'), {{"type", "string"}}}}}});
  EXPECT_EQ(reason, "/s/properties has a name of 50000 bytes; at most 256");
  EXPECT_LT(why(json::value{{"format", std::string(50'000, 'x')}}).size(), 200U);
  EXPECT_LT(why(json::value{{"$schema", std::string(50'000, 'x')}}).size(), 200U);
}

}  // namespace
}  // namespace writ::grammar
