#include "llama/grammar.h"

#include <gtest/gtest.h>

#include "grammar/test_vocabulary.h"
#include "llama/chat_request.h"

namespace writ::llama {
namespace {

json::value tool(std::string_view name, std::string_view parameters) {
  return json::object{{"type", "function"},
                      {"function", json::object{{"name", name}, {"parameters", *parse_json(parameters)}}}};
}

ChatRequest request_with_tools(ToolChoice choice, ParallelCalls parallel = ParallelCalls::allowed) {
  ChatRequest request;
  request.messages = {json::object{{"role", "user"}, {"content", "hi"}}};
  request.tools = {
      tool("find", R"({"type":"object","properties":{"q":{"type":"string"},"n":{"type":"integer"}},"required":["q"],
                                    "additionalProperties":false})"),
      tool("list", R"({"type":"object","additionalProperties":false})")};
  request.tool_choice = choice;
  request.parallel = parallel;
  if (choice == ToolChoice::named) request.tool_name = "list";
  return *checked_request(request);
}

bool takes(const ChatRequest& request, std::string_view text) {
  const auto source = tagged_grammar(request);
  EXPECT_TRUE(source && *source);
  const auto compiled = grammar::Grammar::compile(grammar::test_vocabulary(), **source);
  EXPECT_TRUE(compiled) << compiled.error().problems.at(0).message << "\n" << (*source)->rules;
  return compiled && grammar::takes(*compiled, text);
}

constexpr std::string_view find_call =
    R"(<tool_call>{"name":"find","arguments":{"q":"a <b> \"c\" é","n":3}}</tool_call>)";
constexpr std::string_view list_call = R"(<tool_call>{"name":"list","arguments":{}}</tool_call>)";

std::string joined(auto... parts) { return (std::string(parts) + ...); }

TEST(AnswerGrammar, without_tools_and_schema_anything_goes) {
  ChatRequest request;
  request.messages = {json::object{{"role", "user"}, {"content", "hi"}}};
  EXPECT_EQ(*tagged_grammar(request), std::nullopt);
}

TEST(AnswerGrammar, automatic_choice_takes_text_calls_and_text_before_calls) {
  const auto request = request_with_tools(ToolChoice::automatic);
  EXPECT_TRUE(takes(request, "Hello < there <<tool <tool_cal> é\n"));
  EXPECT_TRUE(takes(request, find_call));
  EXPECT_TRUE(takes(request, joined("I look it up. <", find_call, list_call)));
  EXPECT_TRUE(takes(request, ""));
}

TEST(AnswerGrammar, calls_must_be_compact_known_and_complete) {
  const auto request = request_with_tools(ToolChoice::automatic);
  EXPECT_FALSE(takes(request, "<tool_call>"));
  EXPECT_FALSE(takes(request, R"(<tool_call>{"name":"rm","arguments":{}}</tool_call>)"));
  EXPECT_FALSE(takes(request, R"(<tool_call>{"name":"find","arguments":{}}</tool_call>)"));  // q is required
  EXPECT_FALSE(takes(request, R"(<tool_call>{"name":"find","arguments":{"q": "a"}}</tool_call>)"));  // white space
  EXPECT_FALSE(takes(request, R"(<tool_call>{"name":"find","arguments":{"q":"a"}})"));  // no end
  EXPECT_FALSE(takes(request, joined(list_call, "and text")));
}

TEST(AnswerGrammar, required_choice_takes_calls_only) {
  const auto request = request_with_tools(ToolChoice::required);
  EXPECT_TRUE(takes(request, joined(list_call, find_call)));
  EXPECT_FALSE(takes(request, "text"));
  EXPECT_FALSE(takes(request, ""));
}

TEST(AnswerGrammar, one_call_at_most_where_parallel_calls_are_refused) {
  for (const auto choice : {ToolChoice::required, ToolChoice::automatic}) {
    EXPECT_TRUE(takes(request_with_tools(choice, ParallelCalls::refused), list_call));
    EXPECT_FALSE(takes(request_with_tools(choice, ParallelCalls::refused), joined(list_call, find_call)));
  }
}

TEST(AnswerGrammar, a_named_tool_is_the_only_one) {
  EXPECT_TRUE(takes(request_with_tools(ToolChoice::named), list_call));
  EXPECT_FALSE(takes(request_with_tools(ToolChoice::named), find_call));
}

TEST(AnswerGrammar, choice_none_takes_text_without_the_marker) {
  EXPECT_TRUE(takes(request_with_tools(ToolChoice::none), "text <tool"));
  EXPECT_FALSE(takes(request_with_tools(ToolChoice::none), list_call));
}

TEST(AnswerGrammar, a_schema_is_for_the_text_and_calls_stay_calls) {
  auto request = request_with_tools(ToolChoice::automatic);
  request.json_schema = *parse_json(
      R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false})");
  EXPECT_TRUE(takes(request, R"({"a":1})"));
  EXPECT_TRUE(takes(request, list_call));
  EXPECT_FALSE(takes(request, "text"));
  EXPECT_FALSE(takes(request, R"({"a":"1"})"));
  request.tool_choice = ToolChoice::none;
  EXPECT_TRUE(takes(request, R"({"a":1})"));
  EXPECT_FALSE(takes(request, list_call));
}

TEST(AnswerGrammar, a_schema_that_cannot_be_enforced_is_named_with_its_place) {
  auto request = request_with_tools(ToolChoice::automatic);
  request.tools[1].at("function").at("parameters") =
      *parse_json(R"({"type":"object","properties":{"x":{"type":"array","uniqueItems":true}}})");
  const auto source = tagged_grammar(request);
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, "bad_tools");
  ASSERT_EQ(source.error().problems.size(), 1U);
  EXPECT_EQ(source.error().problems[0].pointer, "/tools/1/function/parameters/properties/x/uniqueItems");

  const auto schema = json_grammar(*parse_json(R"({"type":"banana"})"));
  ASSERT_FALSE(schema.has_value());
  EXPECT_EQ(schema.error().code, "bad_json_schema");
  EXPECT_EQ(schema.error().problems.at(0).pointer, "/json_schema/type");
}

}  // namespace
}  // namespace writ::llama
