#include "llama/tool_call_parser.h"

#include <gtest/gtest.h>

namespace writ::llama {
namespace {

RenderedChat tagged_chat() {
  RenderedChat chat;
  chat.answer = AnswerFormat::tagged;
  return chat;
}

struct Read {
  std::string text;
  std::vector<ToolCall> calls;
  std::string error_code;
};

Read read(std::string_view first, std::string_view second, const RenderedChat& chat = tagged_chat()) {
  ToolCallParser parser(chat);
  Read result;
  for (const auto piece : {first, second}) {
    const auto text = parser.feed(piece);
    EXPECT_EQ(text.find("<tool_call>"), std::string::npos);
    result.text += text;
  }
  auto answer = parser.finish();
  if (!answer) {
    result.error_code = answer.error().code;
    return result;
  }
  result.text += answer->text;
  result.calls = answer->calls;
  return result;
}

TEST(ToolCallParser, text_and_calls_are_the_same_wherever_the_answer_is_cut) {
  const std::string_view answer =
      R"(I look <it> up.<tool_call>{"name":"find","arguments":{"q":"a \"<b></tool_call>\" é","n":1.5}}</tool_call>)"
      R"(<tool_call>{"name":"list","arguments":{}}</tool_call>)";
  for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
    const auto result = read(answer.substr(0, cut), answer.substr(cut));
    EXPECT_EQ(result.error_code, "") << cut;
    EXPECT_EQ(result.text, "I look <it> up.") << cut;
    ASSERT_EQ(result.calls.size(), 2U) << cut;
    EXPECT_EQ(result.calls[0].name, "find");
    EXPECT_EQ(result.calls[0].arguments, R"({"q":"a \"<b></tool_call>\" é","n":1.5})") << cut;
    EXPECT_EQ(result.calls[1], (ToolCall{"list", "{}"}));
  }
}

TEST(ToolCallParser, a_part_of_a_marker_is_shown_only_when_it_is_none) {
  ToolCallParser parser(tagged_chat());
  EXPECT_EQ(parser.feed("a <tool"), "a ");
  EXPECT_EQ(parser.feed("box"), "<toolbox");
  EXPECT_EQ(parser.feed(" <tool_"), " ");
  const auto answer = parser.finish();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->text, "<tool_");
  EXPECT_TRUE(answer->calls.empty());
}

TEST(ToolCallParser, malformed_calls_are_errors) {
  for (const std::string_view answer : {
           R"(<tool_call>{"name":"find","arguments":{}})",                       // no end marker
           R"(<tool_call>{"name":"find","arguments":{"q":"x</tool_call>)",       // the end is inside a string
           R"(<tool_call>{"name":"find","arguments":{}</tool_call>)",            // no JSON
           R"(<tool_call>[]</tool_call>)",                                       // no object
           R"(<tool_call>{"arguments":{}}</tool_call>)",                         // no name
           R"(<tool_call>{"name":"find"}</tool_call>)",                          // no arguments
           R"(<tool_call>{"name":"find","arguments":"{}"}</tool_call>)",         // arguments as text
           R"(<tool_call>{"name":"find","name":"rm","arguments":{}}</tool_call>)",  // two names
       }) {
    EXPECT_EQ(read(answer, "").error_code, "malformed_tool_call") << answer;
  }
}

TEST(ToolCallParser, without_tools_a_marker_is_text) {
  const std::string_view answer = "write <tool_call>{} please";
  ToolCallParser parser(RenderedChat{});
  EXPECT_EQ(parser.feed(answer), answer);
  EXPECT_TRUE(parser.finish()->calls.empty());
}

TEST(TaggedScanner, counts_a_call_when_its_end_marker_is_complete) {
  TaggedScanner scanner;
  EXPECT_EQ(scanner.feed(R"(<tool_call>{"name":"a","arguments":{}}</tool_call)"), "");
  EXPECT_TRUE(scanner.calls().empty());
  EXPECT_EQ(scanner.feed(">after"), "after");
  ASSERT_EQ(scanner.calls().size(), 1U);
}

}  // namespace
}  // namespace writ::llama
