// Whose run is whose, and who may answer for another: with a whole orchestrator on scripted neighbours.
#include <gtest/gtest.h>

#include "orchestrator/fake_platform.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

class RunPrincipalTest : public testing::Test {
 protected:
  void SetUp() override { platform.up(); }
  FakePlatform platform;
};

TEST_F(RunPrincipalTest, every_step_asks_for_no_more_than_the_run_was_started_with) {
  auto ctx = FakePlatform::as("dev", {"runs:write"});
  ctx.principal.credential = {.key_id = KeyId("key_1"), .token_id = "jti-1", .generation = 3};
  ctx.principal.act = {"helper"};
  const auto started = platform.loops.run(platform.live->service.start(ctx, {.prompt = "hello", .capsule = "tester"}));
  ASSERT_TRUE(started);
  platform.watch(started->run_id);
  platform.down();
  ASSERT_GE(platform.identity.asked.size(), 2U);  // start and model
  for (const auto& asked : platform.identity.asked) {
    EXPECT_EQ(asked.scopes, (std::vector<std::string>{"runs:write"}));
    ASSERT_TRUE(asked.credential);
    EXPECT_EQ(asked.credential->credential(), ctx.principal.credential);
    EXPECT_EQ(asked.act, ctx.principal.act);
  }
}

TEST_F(RunPrincipalTest, within_a_tenant_what_a_person_started_is_that_persons) {
  platform.policy.verdicts["journal"] = Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  platform.open_review(started.run_id);
  auto& service = platform.live->service;
  const auto code = [](const auto& result) { return result ? std::string("ok") : result.error().code; };
  const RunRef run{.run_id = started.run_id};
  const SessionRef session{.session_id = started.session_id};
  const PostMessage post{.session_id = started.session_id, .prompt = "x"};
  const auto other = FakePlatform::as("other", {"runs:read", "runs:write"});
  EXPECT_EQ(code(platform.loops.run(service.run(other, run))), "no_run");
  EXPECT_EQ(code(platform.loops.run(service.watch(other, {.run_id = started.run_id}))), "no_run");
  EXPECT_EQ(code(platform.loops.run(service.cancel(other, run))), "no_run");
  EXPECT_EQ(code(platform.loops.run(service.session(other, session))), "no_session");
  EXPECT_EQ(code(platform.loops.run(service.post(other, post))), "no_session");
  const auto reader = FakePlatform::as("reader", {"runs:read_all"});
  EXPECT_EQ(code(platform.loops.run(service.run(reader, run))), "ok");
  EXPECT_EQ(code(platform.loops.run(service.session(reader, session))), "ok");
  EXPECT_EQ(code(platform.loops.run(service.post(reader, post))), "not_your_session");
  EXPECT_EQ(code(platform.loops.run(service.cancel(reader, run))), "missing_scope");
  const auto operators = FakePlatform::as("operator", {"runs:cancel_all"});
  EXPECT_EQ(code(platform.loops.run(service.run(operators, run))), "no_run");
  EXPECT_EQ(code(platform.loops.run(service.cancel(operators, run))), "ok");
  platform.watch(started.run_id);
}

TEST_F(RunPrincipalTest, who_is_not_a_second_person_approves_nothing) {
  platform.policy.verdicts["journal"] = Verdict::review;
  platform.identity.approver_codes[Subject("boss")] = "not_independent";
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  const auto refused =
      platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::approve});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "not_independent");
  EXPECT_TRUE(platform.effects.empty());
}

TEST_F(RunPrincipalTest, an_approval_counts_only_while_its_approver_may_approve) {
  platform.policy.verdicts["journal"] = Verdict::review;
  platform.identity.lapsed.insert(Subject("boss"));
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  ASSERT_TRUE(platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::approve}));
  const auto asked = *platform.watch(started.run_id, 0, "review_requested").back().seq;
  const auto again = platform.watch(started.run_id, asked, "review_requested").back();
  EXPECT_NE(text_at(again.data, "review_id"), review.review_id.str()) << "it is asked for once more";
  EXPECT_TRUE(platform.effects.empty());
}

}  // namespace
}  // namespace writ::orchestrator
