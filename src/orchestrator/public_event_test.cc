#include "orchestrator/public_event.h"

#include <gtest/gtest.h>

namespace writ::orchestrator {
namespace {

RunEvent shown(EventData data, bool erased = false) {
  return public_event({.seq = 7, .at = {}, .data = std::move(data)}, erased);
}

TEST(PublicEvent, usage_stands_together) {
  const auto end = shown(RunFinished{.answer = "42", .prompt = Tokens{10}, .completion = Tokens{5}});
  EXPECT_EQ(end.seq, 7);
  EXPECT_EQ(to_text(end.data), R"({"status":"completed","answer":"42","usage":{"prompt":10,"completion":5}})");
}

TEST(PublicEvent, a_result_is_json_and_a_failure_is_an_error) {
  const auto result = shown(ToolResult{.tool = "calculator", .result = R"({"result":4})", .outcome = "result"});
  EXPECT_EQ(result.data.at("result").at("result"), json::value(4));
  const auto error =
      shown(ToolResult{.tool = "calculator", .result = R"({"error":"bad_expression"})", .outcome = "tool_error"});
  EXPECT_FALSE(error.data.contains("result"));
  EXPECT_EQ(error.data.at("error").at("error"), json::value("bad_expression"));
}

TEST(PublicEvent, erased_content_is_said_to_be_erased) {
  EXPECT_EQ(shown(ModelOutput{}, true).data.at("erased"), json::value(true));
  EXPECT_FALSE(shown(ModelOutput{}).data.contains("erased"));
}

}  // namespace
}  // namespace writ::orchestrator
