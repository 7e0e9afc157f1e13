#include "llama/native_schema.h"

#include <gtest/gtest.h>

namespace writ::llama {
namespace {

std::string native(std::string_view schema) {
  const auto held = native_schema(*parse_json(schema), "/p");
  return held ? to_text(*held) : held.error().problems.at(0).pointer + " " + held.error().problems.at(0).message;
}

TEST(NativeSchema, references_are_written_out) {
  EXPECT_EQ(native(R"({"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}})"),
            R"({"type":"object","properties":{"a":{"type":"integer"}}})");
}

TEST(NativeSchema, what_grows_or_never_ends_is_refused) {
  json::object defs;
  for (int i = 0; i < 20; ++i) {
    const json::object next{{"$ref", "#/$defs/d" + std::to_string(i + 1)}};
    defs["d" + std::to_string(i)] = {{"anyOf", {next, next}}};
  }
  defs["d20"] = {{"type", "integer"}};
  const auto doubling = native(to_text(json::object{{"$ref", "#/$defs/d0"}, {"$defs", defs}}));
  EXPECT_NE(doubling.find("too large"), std::string::npos) << doubling;
  EXPECT_NE(native(R"({"type":"object","properties":{"a":{"$ref":"#"}}})").find("too large"), std::string::npos);
}

TEST(NativeSchema, what_llama_cpp_passes_over_is_refused_by_name) {
  for (const auto* schema : {R"({"type":"string","pattern":"a"})", R"({"type":"integer","multipleOf":5})",
                             R"({"type":"string","format":"date"})", R"({"type":"string","maxLength":3000})",
                             R"({"anyOf":[{"type":"string"}],"properties":{}})", R"({"not":{"type":"string"}})",
                             R"({"oneOf":[{"type":"string"}]})"})
    EXPECT_TRUE(native(schema).starts_with("/p/")) << schema << native(schema);
  EXPECT_EQ(native(R"({"type":"string","pattern":"a"})"),
            "/p/pattern pattern cannot be enforced in this model's own format of tool calls");
}

}  // namespace
}  // namespace writ::llama
