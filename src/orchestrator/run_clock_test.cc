#include "orchestrator/run_clock.h"

#include <gtest/gtest.h>

#include "orchestrator/lease_watch.h"

namespace writ::orchestrator {
namespace {

using std::chrono::hours;

/// Both clocks of a machine; the wall clock can be set.
class SteppedClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return wall; }
  [[nodiscard]] SteadyTime steady() const override { return mono; }
  void pass(Millis time) {
    wall += time;
    mono += time;
  }
  WallTime wall{hours{1000}};
  SteadyTime mono{hours{3}};
};

TEST(RunClock, follows_the_machines_clock_forwards) {
  SteppedClock clock;
  RunClock run(clock);
  clock.wall += hours{1};
  EXPECT_EQ(run.now(), clock.wall);
}

TEST(RunClock, goes_on_at_the_pace_of_the_monotonic_clock_when_the_machines_is_set_back) {
  SteppedClock clock;
  RunClock run(clock);
  const auto before = run.now();
  clock.wall -= hours{1};
  EXPECT_EQ(run.now(), before);
  for (int i = 0; i < 1000; ++i) {  // it does not lose the parts of a millisecond
    clock.mono += std::chrono::microseconds{1500};
    (void)run.now();
  }
  EXPECT_EQ(run.now(), before + Millis{1500});
}

TEST(RunClock, is_never_before_an_event_of_the_run) {
  SteppedClock clock;
  RunClock run(clock);
  const auto event = clock.wall + hours{1};
  run.reach(event);
  EXPECT_EQ(run.now(), event);
  run.reach(event - hours{2});
  clock.pass(Seconds{5});
  EXPECT_EQ(run.now(), event + Seconds{5});
}

TEST(ClockSteps, sees_that_the_clock_was_set_but_no_slewing) {
  SteppedClock clock;
  ClockSteps steps(clock);
  clock.pass(hours{5});
  clock.wall += Millis{20};
  EXPECT_EQ(steps.look(), Millis{0});
  clock.wall -= hours{1};
  EXPECT_EQ(steps.look(), Millis{20} - hours{1});
  EXPECT_EQ(steps.look(), Millis{0});
  clock.wall += hours{2};
  EXPECT_EQ(steps.look(), hours{2});
}

TEST(LeaseWatch, an_owner_is_gone_when_its_lease_was_not_renewed_for_a_whole_lease) {
  LeaseWatch watch(Seconds{30});
  SteadyTime now{hours{1}};
  const WallTime lease{hours{7}};
  EXPECT_TRUE(watch.gone({{"a", lease}}, now).empty());
  EXPECT_TRUE(watch.gone({{"a", lease}}, now + Seconds{29}).empty());
  EXPECT_EQ(watch.gone({{"a", lease}}, now + Seconds{30}), std::vector<std::string>{"a"});
}

TEST(LeaseWatch, no_step_of_a_clock_takes_a_lease_from_an_owner_that_renews_it) {
  LeaseWatch watch(Seconds{30});
  SteadyTime now{hours{1}};
  WallTime lease{hours{7}};
  for (int i = 0; i < 20; ++i) {
    now += Seconds{10};
    lease += i % 2 == 0 ? hours{1} : hours{-2};
    EXPECT_TRUE(watch.gone({{"a", lease}}, now).empty());
  }
}

TEST(LeaseWatch, an_owner_that_comes_back_is_watched_anew) {
  LeaseWatch watch(Seconds{30});
  SteadyTime now{hours{1}};
  const WallTime lease{hours{7}};
  (void)watch.gone({{"a", lease}}, now);
  (void)watch.gone({}, now + Seconds{20});
  EXPECT_TRUE(watch.gone({{"a", lease}}, now + Seconds{40}).empty());
}

}  // namespace
}  // namespace writ::orchestrator
