#include "orchestrator/run_hub.h"

#include <gtest/gtest.h>

#include "async/loops.h"

namespace writ::orchestrator {
namespace {

class StillClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return {}; }
  [[nodiscard]] SteadyTime steady() const override { return at; }
  SteadyTime at = system_clock().steady();
};

class RunHubTest : public testing::Test {
 protected:
  static RunEvent event(std::int64_t seq, std::string type = "resumed") {
    return {.type = std::move(type), .seq = seq, .at = {}, .data = {}};
  }
  Result<std::optional<LiveItem>> next(RunHub::Subscription& live) { return loops.run(live.next()); }
  void fill() {
    for (std::size_t i = 0; i < watch_capacity; ++i) hub.publish(run, event(static_cast<std::int64_t>(i) + 1));
  }
  async::Loops loops{1};
  StillClock clock;
  RunHub hub{clock};
  const RunId run{"run_1"};
};

TEST_F(RunHubTest, a_late_watcher_begins_with_the_text_of_the_call_under_way) {
  hub.publish(run, event(3, "step_started"));
  hub.publish_delta(run, 1, 1, "Hel");
  hub.publish_delta(run, 1, 1, "lo");
  auto live = hub.subscribe(run, {});
  hub.publish_delta(run, 1, 1, "!");
  const auto first = next(live), second = next(live);
  EXPECT_EQ(text_at((*first)->event.data, "text"), "Hello");
  EXPECT_EQ((*first)->after, 3);
  EXPECT_EQ((*second)->event.data.at("offset"), json::value(5U));
}

TEST_F(RunHubTest, a_new_attempt_begins_a_new_text) {
  hub.publish_delta(run, 1, 1, "Hel");
  hub.publish_delta(run, 1, 2, "Bye");
  auto live = hub.subscribe(run, {});
  EXPECT_EQ(text_at((*next(live))->event.data, "text"), "Bye");
}

TEST_F(RunHubTest, a_watcher_that_is_full_for_a_moment_is_told_that_it_missed_something) {
  auto live = hub.subscribe(run, {});
  fill();
  EXPECT_FALSE(live.missed());
  hub.publish(run, event(1000));
  EXPECT_TRUE(live.missed());
  EXPECT_FALSE(live.missed());
  EXPECT_TRUE(next(live));  // it goes on
}

TEST_F(RunHubTest, a_watcher_that_stays_full_is_closed) {
  auto live = hub.subscribe(run, {});
  fill();
  hub.publish(run, event(1000));
  clock.at += watcher_patience;
  hub.publish(run, event(1001));
  for (std::size_t i = 0; i < watch_capacity; ++i) ASSERT_TRUE(next(live));
  const auto end = next(live);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, "slow_consumer");
}

TEST_F(RunHubTest, the_end_of_a_run_and_of_the_process_end_the_stream) {
  auto live = hub.subscribe(run, {});
  hub.publish(run, event(1, "run_finished"));
  EXPECT_TRUE(*next(live));
  EXPECT_FALSE(*next(live));
  auto other = hub.subscribe(RunId("run_2"), {});
  hub.close();
  EXPECT_FALSE(*next(other));
  auto late = hub.subscribe(RunId("run_3"), {});
  EXPECT_FALSE(*next(late));
}

}  // namespace
}  // namespace writ::orchestrator
