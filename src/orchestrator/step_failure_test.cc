#include "orchestrator/step_failure.h"

#include <gtest/gtest.h>

#include "orchestrator/run_history.h"

namespace writ::orchestrator {
namespace {

Error with_outcome(Error error, Outcome outcome) {
  error.outcome = outcome;
  return error;
}
Error spent(std::optional<std::chrono::seconds> retry_after) {
  return {.kind = ErrorKind::quota_exceeded, .code = "budget_spent", .message = "spent", .retry_after = retry_after};
}
bool waits(const std::optional<EventData>& event) { return event && std::holds_alternative<WaitingDependency>(*event); }
bool fails(const std::optional<EventData>& event) { return event && std::holds_alternative<RunFinished>(*event); }

RunHistory started_tool(bool once) {
  auto run = in_tools();
  run.decide_tool(policy::Verdict::allow).start_tool(once);
  return run;
}

TEST(StepFailure, a_dependency_that_is_down_is_waited_for_with_back_off) {
  RunHistory run;
  const auto event = after_failure(run.state, {.attempt = 1}, unavailable("policy_down", "down"), run.at);
  ASSERT_TRUE(waits(event));
  EXPECT_EQ(std::get<WaitingDependency>(*event).what, "policy_down");
  EXPECT_EQ(std::get<WaitingDependency>(*event).retry_at,
            run.at + Seconds{1});  // its own retry_after is longer than the back-off
  run.state.waits = 3;
  EXPECT_EQ(
      std::get<WaitingDependency>(*after_failure(run.state, {.attempt = 1}, unavailable("policy_down", "down"), run.at))
          .retry_at,
      run.at + Seconds{4});
}

TEST(StepFailure, a_once_tool_that_may_have_acted_is_left_to_a_person) {
  const auto run = started_tool(true);
  const FailedStep step{.step = 1, .attempt = 1, .once = true, .started = true};
  EXPECT_FALSE(
      after_failure(run.state, step, with_outcome(unavailable("tool_down", "down"), Outcome::unknown), run.at));
  EXPECT_FALSE(after_failure(run.state, step, with_outcome(internal("broken"), Outcome::unknown), run.at));
  EXPECT_FALSE(after_failure(run.state, step, with_outcome(deadline_exceeded("tool"), Outcome::unknown), run.at));
}

TEST(StepFailure, a_once_tool_that_was_not_reached_waits) {
  const auto run = started_tool(true);
  EXPECT_TRUE(waits(after_failure(run.state, {.step = 1, .attempt = 1, .once = true, .started = true},
                                  with_outcome(unavailable("tool_down", "down"), Outcome::not_sent), run.at)));
}

TEST(StepFailure, a_repeatable_tool_that_broke_is_cut_off_and_one_that_is_down_waits) {
  const auto run = started_tool(false);
  const FailedStep step{.step = 1, .attempt = 1, .started = true};
  EXPECT_FALSE(after_failure(run.state, step, internal("broken"), run.at));
  EXPECT_FALSE(after_failure(run.state, step, with_outcome(deadline_exceeded("tool"), Outcome::unknown), run.at));
  EXPECT_TRUE(waits(
      after_failure(run.state, step, with_outcome(unavailable("recall_down", "down"), Outcome::unknown), run.at)));
}

TEST(StepFailure, a_spent_budget_is_waited_for_only_within_the_deadline) {
  RunHistory run;  // 60 s
  EXPECT_TRUE(waits(after_failure(run.state, {.attempt = 1}, spent(std::chrono::seconds{30}), run.at)));
  EXPECT_TRUE(fails(after_failure(run.state, {.attempt = 1}, spent(std::chrono::seconds{90}), run.at)));
  EXPECT_TRUE(fails(after_failure(run.state, {.attempt = 1}, spent(std::nullopt), run.at)));
}

TEST(StepFailure, what_calls_under_way_hold_is_waited_for_however_often_it_takes) {
  RunHistory run;  // 60 s
  auto held = spent(std::chrono::seconds{1});
  held.code = "budget_reserved";
  run.state.waits = 9;
  const auto event = after_failure(run.state, {.attempt = 1}, held, run.at + Seconds{59});
  ASSERT_TRUE(waits(event));
  EXPECT_EQ(std::get<WaitingDependency>(*event).retry_at, run.at + Seconds{64});
}

TEST(StepFailure, what_no_retry_mends_ends_the_run_and_internal_errors_keep_their_words) {
  RunHistory run;
  const auto bad = after_failure(run.state, {.attempt = 1}, invalid("context_overflow", "too long"), run.at);
  ASSERT_TRUE(fails(bad));
  EXPECT_EQ(std::get<RunFinished>(*bad).reason, "context_overflow: too long");
  EXPECT_EQ(std::get<RunFinished>(*after_failure(run.state, {.attempt = 1}, internal("secret detail"), run.at)).reason,
            "internal");
}

}  // namespace
}  // namespace writ::orchestrator
