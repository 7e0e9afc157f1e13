// The machine's clock is set forwards and back while runs are driven, wait or are reviewed.
#include <gtest/gtest.h>

#include <algorithm>

#include "orchestrator/fake_platform.h"

namespace writ::orchestrator {
namespace {

using std::chrono::hours;

class ClockStepTest : public testing::Test {
 protected:
  void SetUp() override { platform.up(); }
  Started post(const Started& session, std::string prompt) {
    auto started = platform.loops.run(platform.live->service.post(
        FakePlatform::as("dev"), {.session_id = session.session_id, .prompt = std::move(prompt)}));
    EXPECT_TRUE(started);
    return started.value_or(Started{});
  }
  FakePlatform platform;
};

TEST_F(ClockStepTest, a_clock_that_jumps_past_the_lease_starts_no_second_driver) {
  const auto started = platform.start("wait");
  platform.slm.wait_until_waiting();
  for (const auto step : {hours{2}, -hours{3}, hours{48}}) {
    platform.clock.advance(step);
    platform.live->engine.wake();
    const auto other = platform.start("hello");  // the engine has looked for due runs when this one ends
    platform.watch(other.run_id);
  }
  int waiting = 0;
  for (const auto& prompt : platform.slm.prompts) waiting += to_text(prompt.messages).contains("wait") ? 1 : 0;
  EXPECT_EQ(waiting, 1);
  ASSERT_TRUE(platform.loops.run(platform.live->service.cancel(FakePlatform::as("dev"), {.run_id = started.run_id})));
  const auto events = platform.watch(started.run_id);
  EXPECT_EQ(std::ranges::count(events, "step_restarted", &RunEvent::type), 0);
  EXPECT_EQ(std::ranges::count(events, "step_started", &RunEvent::type), 1);
}

TEST_F(ClockStepTest, a_back_off_does_not_stall_when_the_clock_is_set_back) {
  platform.policy.down = true;
  const auto started = platform.start("hello");
  platform.watch(started.run_id, 0, "waiting_dependency");
  platform.clock.advance(-hours{1});
  platform.policy.down = false;
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
}

TEST_F(ClockStepTest, a_back_off_does_not_stall_when_the_clock_is_set_back_while_nothing_runs) {
  platform.policy.down = true;
  const auto started = platform.start("hello");
  platform.watch(started.run_id, 0, "waiting_dependency");
  platform.down();
  platform.clock.advance(-hours{24});
  platform.policy.down = false;
  platform.up();
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
}

TEST_F(ClockStepTest, an_approved_run_goes_on_when_the_clock_is_set_back_before_or_after_the_answer) {
  for (const bool before : {true, false}) {
    platform.policy.verdicts["journal"] = policy::Verdict::review;
    const auto started = platform.start(R"(call journal {"text":"hi"})");
    const auto review = platform.open_review(started.run_id);
    if (before) platform.clock.advance(-hours{1});
    ASSERT_TRUE(
        platform.answer(FakePlatform::boss(), {.review_id = review.review_id, .answer = ReviewAnswer::approve}));
    if (!before) platform.clock.advance(-hours{1});
    platform.watch(started.run_id);
    EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
  }
  EXPECT_EQ(platform.effects.size(), 2U);
}

TEST_F(ClockStepTest, a_review_expires_in_its_time_although_the_clock_was_set_back) {
  platform.down();
  platform.settings.review_expiry = Seconds{2};
  platform.up();
  platform.policy.verdicts["journal"] = policy::Verdict::review;
  const auto started = platform.start(R"(call journal {"text":"hi"})");
  platform.open_review(started.run_id);
  platform.clock.advance(-hours{1});
  platform.watch(started.run_id);
  EXPECT_TRUE(platform.run(started.run_id).answer->contains("nobody approved it in time"));
}

TEST_F(ClockStepTest, a_run_keeps_its_wall_limit_when_the_clock_is_set_back) {
  platform.script.hangs = true;
  const auto started = platform.start(R"(call slow {"text":"hi"})", "brief");  // one second
  platform.clock.advance(-hours{1});
  platform.open_review(started.run_id);  // the call was left at the limit
  EXPECT_EQ(platform.effects.size(), 1U);
}

TEST_F(ClockStepTest, a_claim_whose_answer_came_too_late_is_given_back) {
  platform.down();
  platform.settings.lease = Millis{1000};
  platform.up();
  platform.policy.down = true;
  const auto started = platform.start("hello");
  platform.watch(started.run_id, 0, "waiting_dependency");
  ASSERT_TRUE(platform.loops.run(
      platform.live->database.write(FakePlatform::as("x"), [](sql::Transaction& tx) -> Result<std::int64_t> {
        return tx.run("UPDATE runs SET owner = 'embedded', fence = fence + 1");
      })));
  platform.policy.down = false;
  platform.watch(started.run_id);
  EXPECT_EQ(platform.run(started.run_id).status, RunStatus::completed);
}

TEST_F(ClockStepTest, events_never_go_back_in_time_and_a_session_keeps_its_order) {
  const auto first = platform.start("one");
  platform.watch(first.run_id);
  platform.clock.advance(-hours{1});
  const auto second = post(first, "two");
  WallTime last{};
  for (const auto& event : platform.watch(second.run_id)) {
    if (!event.seq) continue;
    EXPECT_GE(event.at, last);
    last = event.at;
  }
  platform.clock.advance(-hours{1});
  platform.watch(post(first, "three").run_id);
  EXPECT_EQ(to_text(platform.slm.prompts.back().messages),
            R"([{"role":"user","content":"one"},{"role":"assistant","content":"You said: one"},)"
            R"({"role":"user","content":"two"},{"role":"assistant","content":"You said: two"},)"
            R"({"role":"user","content":"three"}])");
}

}  // namespace
}  // namespace writ::orchestrator
