#include "orchestrator/run_event.h"

#include <gtest/gtest.h>

#include "orchestrator/run_history.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

TEST(RunEvent, every_type_survives_encoding) {
  auto run = in_tools();
  run.decide_tool(Verdict::review)
      .request_review()
      .answer(ReviewAnswer::approve)
      .decide_tool(Verdict::allow)
      .start_tool()
      .tool_returned()
      .tool_result();
  run.start_model()
      .add(StepRestarted{.step = 2, .attempt = 2})
      .wait_for()
      .add(Resumed{.step = 2, .attempt = 3})
      .add(ContextTrimmed{.step = 2, .attempt = 3, .exchanges = 4, .prompt = Tokens{1000}, .context = Tokens{2048}})
      .cancel()
      .finish();
  for (const auto& event : run.events) {
    const auto encoded = encode_event(event.data);
    const auto decoded = decode_event(type_of(event.data), event_version, encoded);
    ASSERT_TRUE(decoded) << type_of(event.data) << " " << decoded.error().message;
    EXPECT_EQ(json::value(encode_event(*decoded)), json::value(encoded));
  }
}

TEST(RunEvent, a_newer_version_and_an_unknown_type_are_refused) {
  EXPECT_FALSE(decode_event("resumed", event_version + 1, json::object{}));
  EXPECT_FALSE(decode_event("no_such_event", event_version, json::object{}));
}

}  // namespace
}  // namespace writ::orchestrator
