// The reducer about reviews: who is asked for what, and what becomes of an answer.
#include <gtest/gtest.h>

#include "orchestrator/run_history.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

TEST(RunMachineReview, a_review_is_requested_with_the_scope_of_the_rule_and_awaited) {
  auto run = in_tools();
  run.decide_tool(Verdict::review);
  const auto wanted = run.command_of<RequestReview>();
  EXPECT_EQ(wanted.kind, ReviewKind::action);
  EXPECT_EQ(wanted.scope, "reviews:tools");
  run.request_review();
  EXPECT_EQ(run.state.status, RunStatus::waiting_review);
  EXPECT_EQ(run.command_of<AwaitReview>().review_id, ReviewId("rev_1"));
}

TEST(RunMachineReview, an_approved_call_is_decided_again_with_the_approval) {
  auto run = in_tools();
  run.decide_tool(Verdict::review).request_review().answer(ReviewAnswer::approve);
  EXPECT_EQ(run.state.status, RunStatus::running);
  EXPECT_EQ(run.command_of<DecideTool>().attempt, 2);
  ASSERT_EQ(run.state.approvals.size(), 1U);
  EXPECT_EQ(run.state.approvals[0].decision_id, DecisionId("dec_tool"));
  EXPECT_EQ(run.state.approvals[0].argument_hash, "hash");
  EXPECT_EQ(run.state.approvals[0].approver, Subject("boss"));
  run.decide_tool(Verdict::allow).start_tool(true).tool_result();
  EXPECT_TRUE(run.state.approvals.empty());  // it was for this call only
}

TEST(RunMachineReview, each_rule_that_wants_a_review_is_asked_for_and_its_approval_kept) {
  auto run = in_tools();
  const auto approve = [&](std::string decision, std::string rule, std::string hash) {
    run.decide_tool(Verdict::review, DecisionId(decision), rule);
    EXPECT_EQ(run.command_of<RequestReview>().rule, rule);
    run.request_review();
    EXPECT_EQ(run.state.review->rule, rule);
    run.answer(ReviewAnswer::approve, Subject("boss"), std::move(hash));
    EXPECT_EQ(run.state.approvals.back().decision_id, DecisionId(decision));
  };
  approve("dec_1", "first", "hash");
  approve("dec_2", "second", "hash");
  EXPECT_EQ(run.state.approvals.size(), 2U);
  approve("dec_3", "third", "edited");
  EXPECT_EQ(run.state.approvals.size(), 1U) << "what was approved of other arguments is approved no more";
  approve("dec_4", "first", "edited");
  EXPECT_EQ(run.state.approvals.size(), 2U);
  run.decide_tool(Verdict::allow).start_tool(true).tool_result();
  EXPECT_TRUE(run.state.approvals.empty());
}

TEST(RunMachineReview, edited_arguments_replace_the_models_own) {
  auto run = in_tools();
  run.decide_tool(Verdict::review).request_review();
  run.add(ReviewAnswered{
      .review_id = ReviewId("rev_1"), .answer = ReviewAnswer::approve, .by = Subject("boss"), .arguments = "edited"});
  EXPECT_EQ(run.command_of<DecideTool>().call.arguments, "edited");
  EXPECT_EQ(run.state.turns[0].tool_calls[0].arguments, "edited");
}

TEST(RunMachineReview, a_reviewers_denial_is_told_to_the_model) {
  auto run = in_tools();
  run.decide_tool(Verdict::review).request_review().answer(ReviewAnswer::deny);
  EXPECT_TRUE(run.wants<CallModel>());
  EXPECT_EQ(run.state.turns.back().denied, "a reviewer denied it");
}

TEST(RunMachineReview, an_expired_review_is_a_denial) {
  auto run = in_tools();
  run.decide_tool(Verdict::review).request_review().answer(ReviewAnswer::deny, std::nullopt);
  EXPECT_EQ(run.state.turns.back().denied, "nobody approved it in time");
}

TEST(RunMachineReview, a_second_answer_changes_nothing) {
  auto run = in_tools();
  run.decide_tool(Verdict::review).request_review().answer(ReviewAnswer::approve).answer(ReviewAnswer::deny);
  EXPECT_EQ(run.command_of<DecideTool>().attempt, 2);
  EXPECT_EQ(run.state.approvals.size(), 1U);
}

TEST(RunMachineReview, an_answer_of_the_other_kind_changes_nothing) {
  auto run = in_tools();
  run.decide_tool(Verdict::review).request_review().answer(ReviewAnswer::retry).answer(ReviewAnswer::done);
  EXPECT_TRUE(run.wants<AwaitReview>());
}

TEST(RunMachineReview, the_start_and_the_model_call_can_be_reviewed) {
  RunHistory run;
  run.decide_start(Verdict::review);
  EXPECT_EQ(run.command_of<RequestReview>().scope, "reviews:start");
  run.request_review().answer(ReviewAnswer::approve);
  EXPECT_EQ(run.command_of<DecideStart>().attempt, 2);
  run.decide_start(Verdict::allow).start_model();
  run.add(Decided{.step = 1,
                  .attempt = 1,
                  .action = policy::Action::model_call,
                  .decision = Verdict::review,
                  .decision_id = DecisionId("dec_model")});
  EXPECT_EQ(run.command_of<RequestReview>().decision_id, DecisionId("dec_model"));
  run.request_review().answer(ReviewAnswer::deny);
  expect_finish(run, RunStatus::denied, "review_denied");
}

}  // namespace
}  // namespace writ::orchestrator
