#include "orchestrator/run_machine.h"

#include <gtest/gtest.h>

#include "orchestrator/run_history.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

TEST(RunMachine, asks_for_the_start_before_anything_else) {
  RunHistory run;
  EXPECT_EQ(run.command_of<DecideStart>().attempt, 1);
  run.decide_start(Verdict::allow);
  EXPECT_EQ(run.command_of<CallModel>().step, 1);
}

TEST(RunMachine, does_nothing_before_it_is_started) { EXPECT_FALSE(next(RunState{}, WallTime{})); }

TEST(RunMachine, a_denied_start_ends_the_run) {
  RunHistory run;
  run.decide_start(Verdict::deny);
  expect_finish(run, RunStatus::denied, "start_denied: because");
}

TEST(RunMachine, an_output_without_calls_completes_the_run_with_its_usage) {
  RunHistory run;
  run.decide_start(Verdict::allow).start_model().output();
  const auto result = run.command_of<Finish>().result;
  EXPECT_EQ(result.status, RunStatus::completed);
  EXPECT_EQ(result.answer, "text");
  EXPECT_EQ(result.prompt, Tokens{10});
  EXPECT_EQ(result.completion, Tokens{5});
  run.finish();
  EXPECT_FALSE(run.command());
  EXPECT_EQ(run.state.status, RunStatus::completed);
}

TEST(RunMachine, a_denied_output_ends_the_run) {
  RunHistory run;
  run.decide_start(Verdict::allow)
      .start_model()
      .add(ModelOutput{.step = 1, .attempt = 1, .text = "half", .denied = true, .reason = "a denied term"});
  expect_finish(run, RunStatus::denied, "output_denied: a denied term");
  EXPECT_FALSE(run.state.finish->answer);
}

TEST(RunMachine, a_denied_model_call_ends_the_run) {
  RunHistory run;
  run.decide_start(Verdict::allow).start_model();
  run.add(Decided{.step = 1,
                  .attempt = 1,
                  .action = policy::Action::model_call,
                  .decision = Verdict::deny,
                  .reasons = {{"r", "no models"}}});
  expect_finish(run, RunStatus::denied, "model_denied: no models");
}

TEST(RunMachine, calls_are_decided_run_and_told_one_after_the_other) {
  auto run = in_tools({{"call_1", "clock", "a"}, {"call_2", "calculator", "b"}});
  EXPECT_EQ(run.command_of<DecideTool>().call.id, "call_1");
  run.decide_tool(Verdict::allow);
  run.start_tool().tool_returned();
  EXPECT_EQ(run.command_of<JudgeResult>().result, "raw");
  run.tool_result();
  EXPECT_EQ(run.command_of<DecideTool>().call.id, "call_2");
  run.decide_tool(Verdict::allow).start_tool().tool_result();
  EXPECT_EQ(run.command_of<CallModel>().step, 2);
  ASSERT_EQ(run.state.turns.size(), 3U);
  EXPECT_EQ(run.state.turns[1].call_id, "call_1");
  EXPECT_EQ(run.state.turns[2].text, "done");
}

TEST(RunMachine, a_denied_tool_is_told_to_the_model) {
  auto run = in_tools();
  run.decide_tool(Verdict::deny);
  EXPECT_EQ(run.command_of<CallModel>().step, 2);
  EXPECT_EQ(run.state.turns.back().denied, "not this tool");
  EXPECT_EQ(run.state.turns.back().call_id, "call_1");
}

TEST(RunMachine, an_unknown_tool_is_told_without_a_decision) {
  auto run = in_tools();
  run.tool_result("tool_error");
  EXPECT_EQ(run.command_of<CallModel>().step, 2);
}

TEST(RunMachine, a_result_of_a_tool_that_was_not_started_changes_nothing) {
  auto run = in_tools();
  run.tool_result();
  EXPECT_TRUE(run.wants<DecideTool>());
}

TEST(RunMachine, a_cut_off_model_call_is_restarted_a_bounded_number_of_times) {
  RunHistory run;
  run.decide_start(Verdict::allow);
  for (int i = 0; i < restarts_max; ++i) {
    run.start_model();
    const auto restart = run.command_of<Restart>();
    EXPECT_EQ(restart.attempt, i + 2);
    run.add(StepRestarted{.step = 1, .attempt = restart.attempt});
    EXPECT_EQ(run.command_of<CallModel>().attempt, i + 2);
  }
  run.start_model();
  expect_finish(run, RunStatus::failed, "cut_off");
}

TEST(RunMachine, a_cut_off_repeatable_tool_is_decided_and_run_again_a_bounded_number_of_times) {
  auto run = in_tools();
  for (int i = 0; i < restarts_max; ++i) {
    run.decide_tool(Verdict::allow).start_tool();
    run.add(StepRestarted{.step = 1, .attempt = run.command_of<Restart>().attempt, .call_id = "call_1"});
    EXPECT_EQ(run.command_of<DecideTool>().attempt, i + 2);
  }
  run.decide_tool(Verdict::allow).start_tool();
  expect_finish(run, RunStatus::failed, "cut_off");
}

TEST(RunMachine, a_cut_off_once_tool_waits_for_a_person) {
  auto run = in_tools();
  run.decide_tool(Verdict::allow).start_tool(true);
  EXPECT_EQ(run.command_of<RequestReview>().kind, ReviewKind::unknown_outcome);
  run.request_review();
  EXPECT_TRUE(run.wants<AwaitReview>());
}

RunHistory lost_once() {
  auto run = in_tools();
  run.decide_tool(Verdict::allow).start_tool(true).request_review();
  return run;
}

TEST(RunMachine, an_unknown_outcome_is_retried_only_when_a_person_says_so) {
  auto run = lost_once();
  run.answer(ReviewAnswer::approve);
  EXPECT_TRUE(run.wants<AwaitReview>());
  run.answer(ReviewAnswer::retry);
  EXPECT_EQ(run.command_of<DecideTool>().attempt, 2);
}

TEST(RunMachine, an_unknown_outcome_that_was_done_gives_the_persons_result_to_the_model) {
  auto run = lost_once();
  run.add(ReviewAnswered{
      .review_id = ReviewId("rev_1"), .answer = ReviewAnswer::done, .by = Subject("boss"), .result = "it happened"});
  const auto judge = run.command_of<JudgeResult>();
  EXPECT_EQ(judge.result, "it happened");
  EXPECT_EQ(judge.outcome, "result");
  run.tool_result();
  EXPECT_EQ(run.command_of<CallModel>().step, 2);
  EXPECT_EQ(run.state.turns.back().text, "done");
}

TEST(RunMachine, an_unknown_outcome_that_is_denied_is_told_to_the_model) {
  auto run = lost_once();
  run.answer(ReviewAnswer::deny);
  EXPECT_TRUE(run.wants<CallModel>());
  EXPECT_TRUE(run.state.turns.back().denied.starts_with("it is unknown whether it happened"));
}

TEST(RunMachine, no_time_limit_hides_an_unknown_outcome) {
  auto run = in_tools();
  run.decide_tool(Verdict::allow).start_tool(true);
  run.at += Seconds{3600};
  EXPECT_TRUE(run.wants<RequestReview>());
}

TEST(RunMachine, a_dependency_that_is_down_parks_the_run_and_a_new_attempt_follows) {
  RunHistory run;
  run.wait_for();
  EXPECT_EQ(run.state.status, RunStatus::waiting_dependency);
  const auto wait = run.command_of<AwaitDependency>();
  EXPECT_EQ(wait.attempt, 2);
  run.add(Resumed{.step = wait.step, .attempt = wait.attempt});
  EXPECT_EQ(run.state.status, RunStatus::running);
  EXPECT_EQ(run.command_of<DecideStart>().attempt, 2);
}

TEST(RunMachine, a_wait_in_the_middle_of_a_call_decides_it_again) {
  auto run = in_tools();
  run.decide_tool(Verdict::allow).start_tool().wait_for("recall_down");
  run.add(Resumed{.step = 1, .attempt = run.command_of<AwaitDependency>().attempt});
  EXPECT_EQ(run.command_of<DecideTool>().attempt, 2);
}

TEST(RunMachine, waits_are_counted_until_something_succeeds) {
  RunHistory run;
  run.wait_for().add(Resumed{.attempt = 2}).wait_for();
  EXPECT_EQ(run.state.waits, 2);
  run.add(Resumed{.attempt = 3}).decide_start(Verdict::allow);
  EXPECT_EQ(run.state.waits, 0);
}

TEST(RunMachine, a_dependency_is_not_awaited_beyond_the_deadline) {
  RunHistory run;
  run.add(WaitingDependency{.attempt = 1, .what = "policy_down", .retry_at = run.at + Seconds{3600}});
  EXPECT_EQ(run.command_of<AwaitDependency>().until, run.state.deadline());
  run.at = run.state.deadline();
  expect_finish(run, RunStatus::failed, "time_limit");
  EXPECT_TRUE(run.command_of<Finish>().result.reason.ends_with("waiting for policy_down"));
}

TEST(RunMachine, back_off_doubles_from_half_a_second_to_thirty) {
  EXPECT_EQ(back_off(0), Millis{500});
  EXPECT_EQ(back_off(1), Millis{1000});
  EXPECT_EQ(back_off(5), Millis{16'000});
  EXPECT_EQ(back_off(6), Millis{30'000});
  EXPECT_EQ(back_off(1'000'000), Millis{30'000});
}

TEST(RunMachine, the_step_limit_ends_the_run) {
  RunHistory run({.steps = 1, .tokens = Tokens{1'000}, .wall_ms = 60'000});
  run.decide_start(Verdict::allow).start_model().output({{"call_1", "clock", "a"}}).decide_tool(Verdict::deny);
  expect_finish(run, RunStatus::failed, "step_limit");
}

TEST(RunMachine, the_token_limit_ends_the_run) {
  RunHistory run({.steps = 9, .tokens = Tokens{15}, .wall_ms = 60'000});
  run.decide_start(Verdict::allow).start_model().output({{"call_1", "clock", "a"}}).decide_tool(Verdict::deny);
  expect_finish(run, RunStatus::failed, "token_limit");
}

TEST(RunMachine, attempts_that_were_cut_off_count_against_the_token_limit) {
  RunHistory run({.steps = 9, .tokens = Tokens{100}, .wall_ms = 60'000});
  run.decide_start(Verdict::allow);
  EXPECT_EQ(run.command_of<CallModel>().step_tokens_max, Tokens{100});
  run.start_model();
  const auto restart = run.command_of<Restart>();
  run.add(StepRestarted{.step = restart.step, .attempt = restart.attempt});
  EXPECT_EQ(run.command_of<CallModel>().step_tokens_max, Tokens{100}) << "policy takes off what it charged";
  run.start_model().add(Decided{.step = 1,
                                .attempt = 2,
                                .action = policy::Action::model_call,
                                .decision = Verdict::allow,
                                .step_tokens = Tokens{40}});
  run.output({{"call_1", "clock", "a"}}, Tokens{30}, Tokens{5}).decide_tool(Verdict::deny);
  EXPECT_EQ(run.command_of<CallModel>().step_tokens_max, Tokens{25});
  EXPECT_EQ(run.state.cut_off(), Tokens{40});
  run.start_model().output({}, Tokens{20}, Tokens{5});
  const auto end = run.command_of<Finish>().result;
  EXPECT_EQ(end.prompt + end.completion + end.cut.value_or(Tokens{}), Tokens{100});
}

TEST(RunMachine, the_time_limit_ends_the_run_at_its_deadline) {
  RunHistory run;
  run.decide_start(Verdict::allow);
  run.at = run.state.deadline() - Millis{1};
  EXPECT_TRUE(run.wants<CallModel>());
  run.at += Millis{1};
  expect_finish(run, RunStatus::failed, "time_limit");
}

TEST(RunMachine, time_that_people_take_does_not_count) {
  auto run = in_tools();
  run.decide_tool(Verdict::review).request_review();
  run.at += Seconds{3000};
  EXPECT_TRUE(run.wants<AwaitReview>());
  run.answer(ReviewAnswer::approve);
  EXPECT_TRUE(run.wants<DecideTool>());
}

TEST(RunMachine, cancel_ends_the_run_at_every_stage) {
  std::vector<RunHistory> stages;
  stages.emplace_back();
  stages.emplace_back().decide_start(Verdict::review);
  stages.emplace_back().decide_start(Verdict::allow);
  stages.emplace_back().decide_start(Verdict::allow).start_model();
  stages.emplace_back().wait_for();
  stages.push_back(in_tools());
  stages.push_back(in_tools());
  stages.back().decide_tool(Verdict::allow);
  stages.push_back(in_tools());
  stages.back().decide_tool(Verdict::allow).start_tool();
  stages.push_back(in_tools());
  stages.back().decide_tool(Verdict::review).request_review();
  stages.push_back(in_tools());
  stages.back().decide_tool(Verdict::allow).start_tool(true).tool_returned();
  for (auto& run : stages) {
    run.cancel();
    expect_finish(run, RunStatus::cancelled, "cancelled by dev");
    run.finish();
    EXPECT_EQ(run.state.status, RunStatus::cancelled);
    EXPECT_FALSE(run.command());
  }
}

TEST(RunMachine, what_comes_after_a_cancel_is_counted_but_not_followed) {
  RunHistory run;
  run.decide_start(Verdict::allow).start_model().cancel().output({{"call_1", "clock", "a"}});
  expect_finish(run, RunStatus::cancelled, "cancelled");
  EXPECT_EQ(run.command_of<Finish>().result.completion, Tokens{5});
}

TEST(RunMachine, a_cancel_after_the_last_answer_comes_too_late) {
  RunHistory run;
  run.decide_start(Verdict::allow).start_model().output().cancel();
  expect_finish(run, RunStatus::completed, "");
}

TEST(RunMachine, nothing_changes_a_run_that_has_ended) {
  RunHistory run;
  run.decide_start(Verdict::deny).finish();
  const auto seq = run.state.last_seq;
  run.cancel();
  EXPECT_EQ(run.state.status, RunStatus::denied);
  EXPECT_EQ(run.state.last_seq, seq);
}

TEST(RunMachine, results_of_an_older_attempt_change_nothing) {
  RunHistory run;
  run.decide_start(Verdict::allow).start_model().add(StepRestarted{.step = 1, .attempt = 2});
  run.add(ModelOutput{.step = 1, .attempt = 1, .text = "late"});
  EXPECT_EQ(run.command_of<CallModel>().attempt, 2);
  EXPECT_TRUE(run.state.turns.empty());
}

}  // namespace
}  // namespace writ::orchestrator
