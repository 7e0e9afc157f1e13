// What policy is shown of a call, so that its detectors see what the model sees.
#include "governed/questions.h"

#include <gtest/gtest.h>

namespace writ::governed {
namespace {

ChatCall call_of(json::array messages) {
  ChatCall call{.request_id = "call_1", .actor = {}, .prompt = {}};
  call.prompt.messages = std::move(messages);
  return call;
}

TEST(Questions, messages_and_their_parts_are_parts_of_the_content) {
  const auto question = ask_model_call(
      call_of(
          {{{"role", "system"}, {"content", "a\nb"}},
           {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "sec"}}, {{"type", "text"}, {"text", "ret"}}}}},
           {{"role", "user"}, {"content", ""}},
           {{"role", "user"}, {"content", "c"}}}),
      "m", Tokens{1});
  EXPECT_EQ(question.content, "a\nb\nsec\nret\nc\n");
  EXPECT_EQ(question.breaks, (std::vector<std::int64_t>{3, 7, 11}));
}

TEST(Questions, what_a_client_writes_into_calls_tools_and_schemas_is_a_part_each) {
  auto call = call_of({{{"role", "assistant"}, {"content", "x"}, {"tool_calls", {{{"id", "c"}}}}}});
  call.prompt.tools = {{{"type", "function"}}};
  call.prompt.response_schema = json::object{{"type", "object"}};
  const auto question = ask_model_call(call, "m", Tokens{1});
  EXPECT_EQ(question.content, "x\n[{\"id\":\"c\"}]\n[{\"type\":\"function\"}]\n{\"type\":\"object\"}\n");
  EXPECT_EQ(question.breaks, (std::vector<std::int64_t>{1, 14, 36}));
}

TEST(Questions, ids_and_names_that_a_client_gives_are_shown_too) {
  const auto question = ask_model_call(
      call_of({{{"role", "tool"}, {"content", "x"}, {"tool_call_id", "an id"}, {"name", "a name"}}}), "m", Tokens{1});
  EXPECT_EQ(question.content, "x\nan id\na name\n");
}

TEST(Questions, one_message_has_no_breaks) {
  EXPECT_EQ(ask_model_call(call_of({{{"role", "user"}, {"content", "a"}}}), "m", Tokens{1}).breaks, std::nullopt);
}

}  // namespace
}  // namespace writ::governed
