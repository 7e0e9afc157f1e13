// The reducer about results that are not judged yet, and calls of which nobody knows whether they happened.
#include <gtest/gtest.h>

#include "orchestrator/run_history.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

TEST(RunMachineResults, a_run_of_the_first_reducer_takes_a_persons_result_as_it_did) {
  RunHistory run({.steps = 4, .tokens = Tokens{1'000}, .wall_ms = 60'000}, 1);
  run.decide_start(Verdict::allow).start_model().output({{"call_1", "journal", "args"}});
  run.decide_tool(Verdict::allow).start_tool(true).request_review();
  run.add(ReviewAnswered{
      .review_id = ReviewId("rev_1"), .answer = ReviewAnswer::done, .by = Subject("boss"), .result = "it happened"});
  EXPECT_EQ(run.command_of<CallModel>().step, 2);
  EXPECT_EQ(run.state.turns.back().text, "it happened");
}

TEST(RunMachineResults, a_result_that_came_is_judged_later_and_the_tool_not_called_again) {
  for (const bool once : {false, true}) {
    auto run = in_tools();
    run.decide_tool(Verdict::allow).start_tool(once).tool_returned().wait_for("policy_down");
    run.add(Resumed{.step = 1, .attempt = run.command_of<AwaitDependency>().attempt});
    const auto judge = run.command_of<JudgeResult>();
    EXPECT_EQ(judge.attempt, 2);
    EXPECT_EQ(judge.once, once);
    run.tool_result();
    EXPECT_TRUE(run.wants<CallModel>());
  }
}

TEST(RunMachineResults, a_result_that_comes_after_a_cancel_is_recorded_and_needs_no_person) {
  auto run = in_tools();
  run.decide_tool(Verdict::allow).start_tool(true).cancel().tool_returned();
  expect_finish(run, RunStatus::cancelled, "cancelled by dev");
}

TEST(RunMachineResults, an_allow_that_led_to_no_step_is_decided_again) {
  auto run = in_tools();
  run.decide_tool(Verdict::allow);
  EXPECT_EQ(run.command_of<DecideTool>().attempt, 1);
  run.decide_tool(Verdict::deny);
  EXPECT_EQ(run.state.turns.back().denied, "not this tool");
}

TEST(RunMachineResults, no_cancel_hides_an_unknown_outcome) {
  for (const bool asked : {true, false}) {
    auto run = in_tools();
    run.decide_tool(Verdict::allow).start_tool(true);
    if (asked) run.request_review();
    run.cancel();
    if (!asked) {
      EXPECT_EQ(run.command_of<RequestReview>().kind, ReviewKind::unknown_outcome);
      run.request_review();
    }
    EXPECT_EQ(run.state.status, RunStatus::waiting_review);
    EXPECT_TRUE(run.wants<AwaitReview>());
    for (const auto answer : {ReviewAnswer::done, ReviewAnswer::deny, ReviewAnswer::retry}) {
      auto answered = run;
      answered.answer(answer);
      expect_finish(answered, RunStatus::cancelled, "cancelled by dev");
      answered.finish();
      EXPECT_EQ(answered.state.status, RunStatus::cancelled);
    }
    run.answer(ReviewAnswer::deny, std::nullopt);
    expect_finish(run, RunStatus::cancelled, "cancelled by dev");
  }
}

}  // namespace
}  // namespace writ::orchestrator
