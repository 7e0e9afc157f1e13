#include "llama/grammar.h"

#include <gtest/gtest.h>

#include "llama/chat_request.h"

namespace writ::llama {
namespace {

json::value tool(std::string_view name, std::string_view parameters) {
  return json::object{{"type", "function"},
                      {"function", json::object{{"name", name}, {"parameters", *parse_json(parameters)}}}};
}

ChatRequest request_with_tools(ToolChoice choice) {
  ChatRequest request;
  request.messages = {json::object{{"role", "user"}, {"content", "hi"}}};
  request.tools = {tool("find", R"({"type":"object","properties":{"q":{"type":"string"}},"required":["q"]})"),
                   tool("list", "{}")};
  request.tool_choice = choice;
  if (choice == ToolChoice::named) request.tool_name = "list";
  return *checked_request(request);
}

bool has_rule(const std::string& grammar, std::string_view rule) {
  return ("\n" + grammar).find("\n" + std::string(rule)) != std::string::npos;
}

TEST(Grammar, without_tools_and_schema_anything_goes) {
  ChatRequest request;
  request.messages = {json::object{{"role", "user"}, {"content", "hi"}}};
  EXPECT_EQ(*tagged_grammar(request), "");
}

TEST(Grammar, automatic_choice_begins_with_text_or_a_call) {
  const auto grammar = *tagged_grammar(request_with_tools(ToolChoice::automatic));
  EXPECT_TRUE(has_rule(grammar, "root ::= text-0\n")) << grammar;
  EXPECT_TRUE(has_rule(grammar, R"(text-0 ::= "" | [^<] text-0 | "<" text-1)")) << grammar;
  EXPECT_TRUE(has_rule(grammar, R"(text-10 ::= "" | [^<>] text-0 | "<" text-1 | ">" calls)")) << grammar;
}

TEST(Grammar, required_choice_begins_with_a_call) {
  const auto grammar = *tagged_grammar(request_with_tools(ToolChoice::required));
  EXPECT_TRUE(has_rule(grammar, R"(root ::= "<tool_call>" calls)")) << grammar;
  EXPECT_TRUE(has_rule(grammar, R"(calls ::= call ("<tool_call>" call)*)")) << grammar;
  EXPECT_TRUE(has_rule(grammar, R"(call ::= call-0 | call-1)")) << grammar;
}

TEST(Grammar, one_call_is_enough_when_parallel_calls_are_refused) {
  auto request = request_with_tools(ToolChoice::required);
  request.parallel = ParallelCalls::refused;
  const auto grammar = *tagged_grammar(request);
  EXPECT_TRUE(has_rule(grammar, R"(root ::= "<tool_call>" call)")) << grammar;
  EXPECT_FALSE(has_rule(grammar, "calls ::=")) << grammar;
}

TEST(Grammar, a_named_tool_is_the_only_one) {
  const auto grammar = *tagged_grammar(request_with_tools(ToolChoice::named));
  EXPECT_TRUE(has_rule(grammar, "call ::= call-1\n")) << grammar;
  EXPECT_EQ(grammar.find("find"), std::string::npos) << grammar;
}

TEST(Grammar, choice_none_forbids_the_marker) {
  const auto grammar = *tagged_grammar(request_with_tools(ToolChoice::none));
  EXPECT_TRUE(has_rule(grammar, "root ::= text-0\n")) << grammar;
  EXPECT_TRUE(has_rule(grammar, R"(text-10 ::= "" | [^<>] text-0 | "<" text-1)"
                                "\n"))
      << grammar;
}

TEST(Grammar, json_is_compact) {
  const auto grammar = *json_grammar(*parse_json(R"({"type":"object","properties":{"n":{"type":"integer"}}})"));
  EXPECT_TRUE(has_rule(grammar, "space ::= \"\"\n")) << grammar;
}

TEST(Grammar, a_schema_that_cannot_be_converted_is_named) {
  auto request = request_with_tools(ToolChoice::automatic);
  request.tools[1].at("function").at("parameters") =
      *parse_json(R"({"type":"object","properties":{"x":{"$ref":"https://x/y"}}})");
  const auto grammar = tagged_grammar(request);
  ASSERT_FALSE(grammar.has_value());
  EXPECT_EQ(grammar.error().code, "bad_tools");
  ASSERT_EQ(grammar.error().problems.size(), 1U);
  EXPECT_EQ(grammar.error().problems[0].pointer, "/tools/1/function/parameters");

  const auto schema = json_grammar(*parse_json(R"({"type":"banana"})"));
  ASSERT_FALSE(schema.has_value());
  EXPECT_EQ(schema.error().code, "bad_json_schema");
}

}  // namespace
}  // namespace writ::llama
