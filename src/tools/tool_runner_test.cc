#include "tools/tool_runner.h"

#include <gtest/gtest.h>

#include "async/loops.h"

namespace writ::tools {
namespace {

/// Does what the test says.
class ScriptedTool final : public Tool {
 public:
  using Script = std::function<Task<Result<json::value>>(Context)>;
  ScriptedTool(Effect effect, Millis timeout, Script script) : script_(std::move(script)) {
    info_ = {.name = "scripted", .effect = effect, .timeout = timeout};
  }
  const ToolInfo& info() const override { return info_; }
  Task<Result<json::value>> call(Context ctx, ToolCallContext, json::object) override {
    ++calls;
    return script_(std::move(ctx));
  }
  std::atomic<int> calls{0};

 private:
  Script script_;
  ToolInfo info_;
};

/// Listens to nobody until the test lets it go.
Task<Result<json::value>> hang(std::stop_token let_go) {
  const async::Signal never;
  (void)co_await never.wait(SteadyTime::max(), let_go);
  co_return json::value{{"late", true}};
}
Task<Result<json::value>> answer(Result<json::value> result) { co_return result; }
Task<Result<json::value>> until_told(Context ctx, Result<json::value> result) {
  const async::Signal never;
  (void)co_await never.wait(ctx);
  co_return result;
}
Task<Result<json::value>> throwing() {
  throw std::runtime_error("broken inside");
  co_return json::value();
}
Error with_outcome(Error error, Outcome outcome) {
  error.outcome = outcome;
  return error;
}

class ToolRunnerTest : public testing::Test {
 public:
  ~ToolRunnerTest() override { EXPECT_TRUE(loops.run(end())); }

 protected:
  Task<Status> end() {
    let_go.request_stop();
    co_return co_await runner.stop(Seconds{5});
  }
  Result<json::value> call(Tool& tool, Context ctx = {}) {
    const auto begin = system_clock().steady();
    auto result = loops.run(runner.call(tool, std::move(ctx), {}, {}));
    took = std::chrono::duration_cast<Millis>(system_clock().steady() - begin);
    return result;
  }
  ScriptedTool hanging(Effect effect, Millis timeout) {
    return {effect, timeout, [this](Context) { return hang(let_go.get_token()); }};
  }
  std::stop_source let_go;
  ToolRunner runner{4};
  async::Loops loops{1};
  Millis took{0};
};

TEST_F(ToolRunnerTest, gives_what_the_tool_gives) {
  ScriptedTool tool(Effect::pure, Seconds{5}, [](Context) { return answer(json::value(7)); });
  EXPECT_EQ(call(tool), Result<json::value>(json::value(7)));
}

TEST_F(ToolRunnerTest, a_tool_that_hangs_ends_at_its_own_timeout_with_an_unknown_outcome) {
  auto tool = hanging(Effect::once, Millis{50});
  const auto result = call(tool);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::deadline);
  EXPECT_EQ(result.error().outcome, Outcome::unknown);
  EXPECT_GE(took, Millis{50});
  EXPECT_EQ(runner.running(), 1U) << "it is still there, and nobody waits for it";
}

TEST_F(ToolRunnerTest, a_tool_that_hangs_ends_at_its_callers_deadline) {
  auto tool = hanging(Effect::pure, Seconds{600});
  const auto result = call(tool, Context{}.within(Millis{50}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::deadline);
  EXPECT_EQ(result.error().outcome, Outcome::unknown);
}

TEST_F(ToolRunnerTest, a_cancelled_call_is_left_although_its_tool_hangs) {
  for (const auto effect : {Effect::pure, Effect::once}) {
    auto tool = hanging(effect, Seconds{600});
    std::stop_source client;
    client.request_stop();
    Context ctx;
    ctx.cancel = client.get_token();
    const auto result = call(tool, ctx);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::cancelled);
    EXPECT_EQ(result.error().outcome, Outcome::unknown);
    if (effect == Effect::once) EXPECT_GE(took, once_grace);
    else EXPECT_LT(took, once_grace);
  }
}

TEST_F(ToolRunnerTest, a_once_tool_may_say_how_it_ended_after_a_cancel) {
  ScriptedTool tool(Effect::once, Seconds{600}, [](Context) -> Task<Result<json::value>> {
    return until_told(Context{}.within(Millis{100}), json::value("done"));
  });
  std::stop_source client;
  client.request_stop();
  Context ctx;
  ctx.cancel = client.get_token();
  EXPECT_EQ(call(tool, ctx), Result<json::value>(json::value("done")));
}

TEST_F(ToolRunnerTest, a_tool_is_told_that_its_time_is_over_and_has_the_last_word) {
  ScriptedTool tool(Effect::once, Millis{50}, [](Context ctx) {
    return until_told(std::move(ctx), fail(with_outcome(unavailable("not_reached", "no"), Outcome::not_sent)));
  });
  const auto result = call(tool);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "not_reached");
  EXPECT_EQ(result.error().outcome, Outcome::not_sent);
}

TEST_F(ToolRunnerTest, the_outcome_of_an_error_is_unknown_unless_the_tool_says_otherwise) {
  const std::pair<Error, Outcome> cases[] = {
      {deadline_exceeded("tool"), Outcome::unknown},
      {cancelled("tool"), Outcome::unknown},
      {unavailable("down", "down"), Outcome::unknown},
      {internal("broken"), Outcome::unknown},
      {with_outcome(deadline_exceeded("tool"), Outcome::not_sent), Outcome::not_sent},
      {with_outcome(unavailable("down", "down"), Outcome::not_sent), Outcome::not_sent},
      {invalid("bad", "bad"), Outcome::refused},
      {with_outcome(invalid("bad", "bad"), Outcome::unknown), Outcome::unknown},
      {conflict("taken", "taken"), Outcome::refused}};
  for (const auto& [error, outcome] : cases) {
    ScriptedTool tool(Effect::once, Seconds{5}, [&error](Context) { return answer(fail(error)); });
    const auto result = call(tool);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().outcome, outcome) << error.message;
    EXPECT_EQ(result.error().code, error.code);
  }
}

TEST_F(ToolRunnerTest, a_tool_that_throws_has_an_unknown_outcome) {
  ScriptedTool tool(Effect::once, Seconds{5}, [](Context) { return throwing(); });
  const auto result = call(tool);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::internal);
  EXPECT_EQ(result.error().outcome, Outcome::unknown);
}

TEST_F(ToolRunnerTest, tools_that_hang_are_bounded_and_what_does_not_fit_was_not_sent) {
  auto tool = hanging(Effect::pure, Millis{1});
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(call(tool));
  const auto refused = call(tool);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "group_full");
  EXPECT_EQ(refused.error().outcome, Outcome::not_sent);
  EXPECT_EQ(tool.calls, 4);
}

TEST_F(ToolRunnerTest, a_stop_names_the_tools_that_hang_and_does_not_wait_for_them) {
  auto tool = hanging(Effect::pure, Millis{1});
  EXPECT_FALSE(call(tool));
  const auto stopped = loops.run(runner.stop(Millis{20}));
  ASSERT_FALSE(stopped);
  EXPECT_TRUE(stopped.error().message.contains("scripted")) << stopped.error().message;
}

}  // namespace
}  // namespace writ::tools
