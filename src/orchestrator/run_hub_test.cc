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
  RunHub::Subscription subscribe(Context ctx = {}) {
    auto live = hub.subscribe(run, std::move(ctx));
    EXPECT_TRUE(live);
    return std::move(*live);
  }
  static Context as(std::string tenant, std::string subject) {
    Context ctx;
    ctx.principal = {.tenant = TenantId(std::move(tenant)), .subject = Subject(std::move(subject))};
    return ctx;
  }
  const RunId run{"run_1"};
};

TEST_F(RunHubTest, a_late_watcher_begins_with_the_text_of_the_call_under_way) {
  hub.begin(run, 2);
  hub.publish(run, event(3, "step_started"));
  hub.publish_delta(run, 1, 1, "Hel");
  hub.publish_delta(run, 1, 1, "lo");
  auto live = subscribe();
  hub.publish_delta(run, 1, 1, "!");
  const auto first = next(live), second = next(live);
  EXPECT_EQ(text_at((*first)->event.data, "text"), "Hello");
  EXPECT_EQ((*first)->after, 3);
  EXPECT_EQ((*second)->event.data.at("offset"), json::value(5U));
}

TEST_F(RunHubTest, a_new_attempt_begins_a_new_text) {
  hub.begin(run, 1);
  hub.publish_delta(run, 1, 1, "Hel");
  hub.publish_delta(run, 1, 2, "Bye");
  auto live = subscribe();
  EXPECT_EQ(text_at((*next(live))->event.data, "text"), "Bye");
}

TEST_F(RunHubTest, a_watcher_that_is_full_for_a_moment_is_told_that_it_missed_something) {
  auto live = subscribe();
  fill();
  EXPECT_FALSE(live.missed());
  hub.publish(run, event(1000));
  EXPECT_TRUE(live.missed());
  EXPECT_FALSE(live.missed());
  EXPECT_TRUE(next(live));  // it goes on
}

TEST_F(RunHubTest, a_watcher_that_stays_full_is_closed) {
  auto live = subscribe();
  fill();
  hub.publish(run, event(1000));
  clock.at += watcher_patience;
  hub.publish(run, event(1001));
  for (std::size_t i = 0; i < watch_capacity; ++i) ASSERT_TRUE(next(live));
  const auto end = next(live);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, "slow_consumer");
}

TEST_F(RunHubTest, the_end_of_a_run_ends_the_stream) {
  auto live = subscribe();
  hub.publish(run, event(1, "run_finished"));
  EXPECT_TRUE(*next(live));
  EXPECT_FALSE(*next(live));
}

TEST_F(RunHubTest, a_stop_of_the_process_is_no_end_of_the_run) {
  auto live = subscribe();
  hub.close();
  const auto told = next(live);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(told.error().code, "stopping");
  const auto late = hub.subscribe(RunId("run_3"), {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "stopping");
}

TEST_F(RunHubTest, nothing_is_held_of_a_run_that_nobody_watches_or_drives) {
  for (int i = 0; i < 100; ++i) {
    const RunId other("run_" + std::to_string(i));
    hub.publish(other, event(1));  // a person's event of a parked run
    {
      auto watched = hub.subscribe(other, as("acme", "ann"));  // of a run that has ended, too
      ASSERT_TRUE(watched);
      EXPECT_EQ(hub.held(), 1U);
    }
    EXPECT_EQ(hub.held(), 0U);
    hub.begin(other, 1);
    hub.publish_delta(other, 1, 1, "text");
    EXPECT_EQ(hub.held(), 1U);
    auto watched = hub.subscribe(other, as("acme", "ann"));
    hub.forget(other);
    EXPECT_EQ(hub.held(), 1U);
    watched = fail(internal("gone"));
    EXPECT_EQ(hub.held(), 0U);
  }
}

TEST_F(RunHubTest, watches_are_bounded_by_principal_and_by_tenant) {
  RunHub small(clock, {.per_principal = 2, .per_tenant = 3});
  std::vector<Result<RunHub::Subscription>> open;
  const auto watch = [&](std::string tenant, std::string subject) {
    open.push_back(small.subscribe(run, as(std::move(tenant), std::move(subject))));
    return open.back().has_value();
  };
  EXPECT_TRUE(watch("acme", "ann"));
  EXPECT_TRUE(watch("acme", "ann"));
  EXPECT_FALSE(watch("acme", "ann"));
  EXPECT_EQ(open.back().error().code, "too_many_watches");
  EXPECT_EQ(open.back().error().kind, ErrorKind::quota_exceeded);
  EXPECT_TRUE(watch("acme", "bob"));
  EXPECT_FALSE(watch("acme", "cid")) << "the tenant has three";
  EXPECT_TRUE(watch("other", "ann")) << "another tenant's ann is somebody else";
  open.erase(open.begin());
  EXPECT_TRUE(watch("acme", "cid"));
}

TEST_F(RunHubTest, a_subscription_may_outlive_its_hub) {
  auto own = std::make_unique<RunHub>(clock);
  auto live = own->subscribe(run, {});
  ASSERT_TRUE(live);
  own.reset();
}

}  // namespace
}  // namespace writ::orchestrator
