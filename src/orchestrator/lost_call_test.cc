// Calls of tools that hang, fail or answer when nobody can take it: no effect twice, none hidden, no result thrown away.
#include <gtest/gtest.h>

#include <thread>

#include "orchestrator/fake_platform.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

class LostCallTest : public testing::Test {
 protected:
  void SetUp() override { platform.up(); }
  Result<Review> answer(const Review& review, ReviewAnswer answer) {
    return platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = answer});
  }
  Result<orchestrator::Run> cancel(const RunId& run) {
    return platform.loops.run(platform.live->service.cancel(FakePlatform::as("dev"), {.run_id = run}));
  }
  int count(const RunId& run, std::string_view type) {
    int n = 0;
    for (const auto& event : platform.watch(run)) n += event.type == type ? 1 : 0;
    return n;
  }
  /// Until a tool that hangs is at work.
  void wait_for_tool() {
    while (platform.script.hanging == 0) std::this_thread::yield();
  }
  FakePlatform platform;
};

class ErrorOfOnce : public LostCallTest, public testing::WithParamInterface<ErrorKind> {};

TEST_P(ErrorOfOnce, an_error_that_says_nothing_of_the_effect_waits_for_a_person) {
  platform.script.failure = Error{.kind = GetParam(), .code = "odd", .message = "odd"};
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  EXPECT_EQ(platform.open_review(started.run_id).kind, ReviewKind::unknown_outcome);
  EXPECT_EQ(platform.effects.size(), 1U);
}
INSTANTIATE_TEST_SUITE_P(Kinds, ErrorOfOnce,
                         testing::Values(ErrorKind::deadline, ErrorKind::cancelled, ErrorKind::unavailable,
                                         ErrorKind::internal));

TEST_F(LostCallTest, a_refusal_of_a_once_tool_is_told_to_the_model) {
  platform.script.failure = conflict("taken", "somebody was first");
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  platform.watch(started.run_id);
  EXPECT_TRUE(platform.run(started.run_id).answer->contains("somebody was first"));
  EXPECT_EQ(platform.effects.size(), 1U);
}

TEST_F(LostCallTest, a_once_tool_that_hangs_is_left_at_its_timeout_and_waits_for_a_person) {
  platform.script.hangs = true;
  const auto started = platform.start(R"(call hasty {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  EXPECT_EQ(review.kind, ReviewKind::unknown_outcome);
  EXPECT_EQ(review.tool, "hasty");
  ASSERT_TRUE(answer(review, ReviewAnswer::done));
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
  EXPECT_EQ(platform.effects.size(), 1U);
}

TEST_F(LostCallTest, a_tool_that_hangs_is_left_at_the_runs_wall_limit) {
  platform.script.hangs = true;
  const auto started = platform.start(R"(call slow {"text":"hi"})", "brief");
  const auto review = platform.open_review(started.run_id);
  ASSERT_TRUE(answer(review, ReviewAnswer::deny));
  platform.watch(started.run_id);
  EXPECT_EQ(platform.effects.size(), 1U);
}

TEST_F(LostCallTest, cancel_leaves_a_tool_that_hangs_and_shows_the_lost_call_until_a_person_answers) {
  platform.script.hangs = true;
  const auto started = platform.start(R"(call slow {"text":"hi"})");
  wait_for_tool();
  ASSERT_TRUE(cancel(started.run_id));
  const auto review = platform.open_review(started.run_id);
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::waiting_review);
  EXPECT_EQ(run.review_id, review.review_id);
  EXPECT_EQ(run.reason, "cancelled by dev");
  EXPECT_EQ(review.kind, ReviewKind::unknown_outcome);
  const auto retried = answer(review, ReviewAnswer::retry);
  ASSERT_FALSE(retried);
  EXPECT_EQ(retried.error().code, "run_ending");
  ASSERT_TRUE(answer(review, ReviewAnswer::done));
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::cancelled);
  EXPECT_EQ(platform.effects.size(), 1U);
  const auto again = answer(review, ReviewAnswer::deny);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "review_answered");
}

TEST_F(LostCallTest, cancel_of_a_run_whose_lost_call_waits_already_keeps_its_review_open) {
  platform.lost_answers = 1;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  const auto cancelled = cancel(started.run_id);
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->status, RunStatus::waiting_review);
  ASSERT_TRUE(cancel(started.run_id));  // again
  const auto page = platform.loops.run(platform.live->service.reviews(FakePlatform::boss(), {}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->reviews.at(0).status, ReviewStatus::open);
  platform.down();
  platform.up();
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::waiting_review);
  ASSERT_TRUE(answer(review, ReviewAnswer::done));
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::cancelled);
}

TEST_F(LostCallTest, a_cancelled_runs_lost_call_that_nobody_answers_ends_with_its_review) {
  platform.lost_answers = 1;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  platform.open_review(started.run_id);
  ASSERT_TRUE(cancel(started.run_id));
  platform.clock.advance(std::chrono::hours{73});
  platform.live->engine.wake();
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::cancelled);
}

TEST_F(LostCallTest, a_stop_does_not_wait_for_a_tool_that_hangs_and_the_next_start_shows_its_call) {
  platform.script.hangs = true;
  const auto started = platform.start(R"(call slow {"text":"hi"})");
  wait_for_tool();
  platform.down();
  platform.script.hangs = false;
  platform.up();
  EXPECT_EQ(platform.open_review(started.run_id).kind, ReviewKind::unknown_outcome);
  EXPECT_EQ(platform.effects.size(), 1U);
}

TEST_F(LostCallTest, a_capsule_that_is_gone_does_not_hide_a_lost_call) {
  platform.script.hangs = true;
  const auto started = platform.start(R"(call slow {"text":"hi"})");
  wait_for_tool();
  platform.down();
  platform.script.hangs = false;
  platform.capsules = *CapsuleSet::load({});
  platform.up();
  const auto review = platform.open_review(started.run_id);
  EXPECT_EQ(review.kind, ReviewKind::unknown_outcome);
  ASSERT_TRUE(answer(review, ReviewAnswer::done));
  platform.watch(started.run_id);
  const auto run = platform.run(started.run_id);
  EXPECT_EQ(run.status, RunStatus::failed);
  EXPECT_TRUE(run.reason->starts_with("no_capsule")) << *run.reason;
}

TEST_F(LostCallTest, a_result_that_cannot_be_judged_is_judged_later_and_the_tool_not_called_again) {
  for (const auto* tool : {"save", "journal"}) {
    platform.policy.results_down = 2;
    platform.effects.clear();
    const auto started = platform.start("call " + std::string(tool) + R"( {"text":"hi"})");
    platform.watch(started.run_id);
    const auto run = platform.run(started.run_id);
    EXPECT_EQ(run.status, RunStatus::completed);
    EXPECT_EQ(run.answer, R"(The tool said {"written":true})");
    EXPECT_EQ(platform.effects.size(), 1U) << tool;
    EXPECT_EQ(count(started.run_id, "waiting_dependency"), 2);
  }
}

TEST_F(LostCallTest, a_result_that_waits_for_its_judgement_survives_a_restart) {
  platform.policy.results_down = 1000;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  platform.watch(started.run_id, 0, "waiting_dependency");
  platform.down();
  platform.policy.results_down = 0;
  platform.up();
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).answer, R"(The tool said {"written":true})");
  EXPECT_EQ(platform.effects.size(), 1U);
}

TEST_F(LostCallTest, a_result_is_not_shown_before_it_is_judged) {
  platform.policy.withholds = true;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  for (const auto& event : platform.watch(started.run_id))
    EXPECT_FALSE(to_text(event.data).contains("written")) << event.type << to_text(event.data);
  EXPECT_TRUE(platform.run(started.run_id).answer->contains("withheld"));
}

TEST_F(LostCallTest, a_persons_result_is_judged_as_the_tools_would_be) {
  platform.lost_answers = 1;
  platform.policy.withholds = true;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  const auto review = platform.open_review(started.run_id);
  ASSERT_TRUE(platform.answer(
      FakePlatform::boss(),
      {.review_id = review.review_id, .answer = ReviewAnswer::done, .result = json::object{{"secret", "by hand"}}}));
  for (const auto& event : platform.watch(started.run_id))
    EXPECT_FALSE(to_text(event.data).contains("by hand")) << event.type << to_text(event.data);
  EXPECT_TRUE(platform.run(started.run_id).answer->contains("withheld"));
  for (const auto& prompt : platform.slm.prompts) EXPECT_FALSE(to_text(prompt.messages).contains("by hand"));
}

TEST_F(LostCallTest, no_write_that_is_refused_once_costs_a_result_or_an_effect) {
  for (int writes = 0;; ++writes) {
    platform.effects.clear();
    auto& database = platform.live->database;
    database.crash_after(writes + 2, [&] { database.crash_after(-1); });  // after the acknowledged start
    const auto started = platform.start(R"(call journal {"text":"hi"})");
    const auto events = platform.watch(started.run_id);
    const bool refused = database.crashed();
    database.crash_after(-1);
    for (const auto& event : events) EXPECT_NE(event.type, "review_requested") << "write " << writes;
    EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed) << "write " << writes;
    EXPECT_EQ(platform.effects.size(), 1U) << "write " << writes;
    if (!refused || HasFailure()) break;
    platform.down();
    platform.up();
    ASSERT_LT(writes, 40);
  }
}

TEST_F(LostCallTest, an_allow_of_before_a_restart_is_not_used_under_new_rules) {
  for (int writes = 2;; ++writes) {
    FakePlatform own;
    own.up();
    own.live->database.crash_after(writes, [&] { own.live->hub.close(); });
    const auto started = own.start(R"(call journal {"text":"hi"})");
    own.watch(started.run_id);
    const bool crashed = own.live->database.crashed();
    if (!crashed) own.live->database.crash_after(-1);
    own.down();
    if (!crashed) break;
    const auto before = own.effects.size();
    own.policy.verdicts["journal"] = Verdict::deny;
    own.up();
    own.watch(started.run_id, 0, "review_requested");  // or its end: then nothing is unknown
    EXPECT_EQ(own.effects.size(), before) << "after " << writes << " writes";
    ASSERT_LT(writes, 40);
  }
}

}  // namespace
}  // namespace writ::orchestrator
