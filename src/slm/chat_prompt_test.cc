#include "slm/chat_prompt.h"

#include <gtest/gtest.h>

namespace writ::slm {
namespace {

llama::ChatRequest request_with(json::value tool_choice) {
  Prompt prompt;
  prompt.tool_choice = std::move(tool_choice);
  return *chat_request(prompt);
}

TEST(ChatPrompt, a_named_tool_is_called_once) {
  const auto request = request_with({{"type", "function"}, {"function", {{"name", "lookup"}}}});
  EXPECT_EQ(request.tool_choice, llama::ToolChoice::named);
  EXPECT_EQ(request.tool_name, "lookup");
  EXPECT_EQ(request.parallel, llama::ParallelCalls::refused);
}

TEST(ChatPrompt, a_model_that_chooses_may_make_several_calls) {
  for (const auto* choice : {"auto", "required"})
    EXPECT_EQ(request_with(choice).parallel, llama::ParallelCalls::allowed);
}

TEST(ChatPrompt, an_unknown_tool_choice_is_refused) {
  Prompt prompt;
  prompt.tool_choice = "sometimes";
  EXPECT_EQ(chat_request(prompt).error().code, "bad_tools");
}

}  // namespace
}  // namespace writ::slm
