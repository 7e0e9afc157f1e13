#include <gtest/gtest.h>

#include "quota/budget.h"
#include "quota/rate.h"
#include "quota/window.h"

namespace writ::quota {
namespace {

WallTime at(std::string_view text) { return *parse_rfc3339(text); }

TEST(Window, daily_windows_begin_at_midnight_utc) {
  const auto window = window_at(at("2026-11-23T20:01:05Z"));
  EXPECT_EQ(to_rfc3339(window.start), "2026-11-23T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(window.end()), "2026-11-24T00:00:00.000Z");
  EXPECT_EQ(window_at(window.end()).start, window.end());
  EXPECT_EQ(window_at(window.end() - Millis{1}), window);
}

TEST(Window, times_before_1970_align_too) {
  EXPECT_EQ(to_rfc3339(window_at(WallTime{Millis{-1}}).start), "1969-12-31T00:00:00.000Z");
}

TEST(Window, reset_is_in_whole_seconds_rounded_up) {
  const auto window = window_at(at("2026-11-23T23:59:58.500Z"));
  EXPECT_EQ(window.until_reset(at("2026-11-23T23:59:58.500Z")), Seconds{2});
  EXPECT_EQ(window.until_reset(window.end()), Seconds{1});
}

class BudgetTest : public testing::Test {
 protected:
  const WallTime now = at("2026-11-23T23:59:00Z");
  Budget budget{.window = window_at(now), .limit = 100};
};

TEST_F(BudgetTest, reserve_gives_the_last_unit_and_refuses_one_more) {
  EXPECT_TRUE(reserve(budget, 60, now));
  EXPECT_TRUE(reserve(budget, 40, now));
  EXPECT_TRUE(reserve(budget, 0, now));
  const auto before = budget;
  const auto refused = reserve(budget, 1, now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::quota_exceeded);
  EXPECT_EQ(refused.error().code, "budget_reserved");
  EXPECT_EQ(refused.error().retry_after, reserved_pause);
  EXPECT_EQ(budget, before);
}

TEST_F(BudgetTest, an_estimate_above_the_whole_limit_names_no_time_to_wait_for) {
  const auto refused = reserve(budget, 101, now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry_after, std::nullopt);
}

TEST_F(BudgetTest, settle_gives_back_what_was_not_used_and_counts_once) {
  auto call = *reserve(budget, 100, now);
  EXPECT_EQ(settle(budget, call, 30), Settlement::applied);
  EXPECT_EQ(settle(budget, call, 90), Settlement::repeated);
  EXPECT_EQ(budget.left(), 70);
  EXPECT_EQ(call.actual, 30);
}

TEST_F(BudgetTest, an_unknown_outcome_counts_in_full_until_the_truth_comes) {
  auto call = *reserve(budget, 100, now);
  expire(budget, call);
  expire(budget, call);
  EXPECT_EQ(budget.presumed, 100);
  EXPECT_FALSE(can_reserve(budget, 1, now));
  EXPECT_EQ(settle(budget, call, 10), Settlement::corrected);
  EXPECT_EQ(budget.left(), 90);
  expire(budget, call);
  EXPECT_EQ(budget.left(), 90);
}

TEST_F(BudgetTest, what_only_calls_under_way_keep_from_fitting_is_to_wait_for_them_not_for_the_window) {
  auto call = *reserve(budget, 60, now);
  EXPECT_EQ(settle(budget, call, 20), Settlement::applied);
  auto other = *reserve(budget, 50, now);
  const auto held = reserve(budget, 80, now);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, "budget_reserved");
  EXPECT_EQ(held.error().kind, ErrorKind::quota_exceeded);
  EXPECT_EQ(held.error().retry_after, reserved_pause);
  const auto never = reserve(budget, 81, now);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, "budget_spent");
  EXPECT_EQ(never.error().retry_after, Seconds{60});
  EXPECT_EQ(settle(budget, other, 0), Settlement::applied);
  EXPECT_TRUE(reserve(budget, 80, now));
}

TEST_F(BudgetTest, what_is_presumed_of_a_holder_that_goes_on_is_waited_for) {
  auto call = *reserve(budget, 90, now);
  expire(budget, call);
  EXPECT_EQ(reserve(budget, 50, now).error().code, "budget_spent");
  budget.recoverable = 90;
  EXPECT_EQ(reserve(budget, 50, now).error().code, "budget_reserved");
}

TEST_F(BudgetTest, a_replaced_call_counts_what_is_known_of_it_until_its_own_settlement) {
  auto call = *reserve(budget, 60, now);
  replace(budget, call, 10);
  replace(budget, call, 50);
  expire(budget, call);
  EXPECT_EQ(budget.left(), 90);
  EXPECT_EQ(budget.settled, 10);
  EXPECT_EQ(settle(budget, call, 30), Settlement::corrected);
  EXPECT_EQ(settle(budget, call, 40), Settlement::repeated);
  EXPECT_EQ(budget.settled, 30);
  auto late = *reserve(budget, 40, now);
  expire(budget, late);
  replace(budget, late, 99);
  EXPECT_EQ(budget.presumed, 0);
  EXPECT_EQ(budget.settled, 70);  // never more than was reserved
}

TEST_F(BudgetTest, billing_above_the_bound_is_an_overrun_and_closes_the_window) {
  auto call = *reserve(budget, 50, now);
  EXPECT_EQ(settle(budget, call, 120), Settlement::applied);
  EXPECT_EQ(budget.overrun, 70);
  EXPECT_EQ(budget.left(), -20);
  EXPECT_FALSE(can_reserve(budget, 0, now));
}

TEST_F(BudgetTest, sums_stop_at_the_largest_number_instead_of_wrapping) {
  for (int i = 0; i < 3'000; ++i) {
    Reservation call;
    EXPECT_EQ(settle(budget, call, amount_max), Settlement::applied);
  }
  EXPECT_LT(budget.left(), 0);
  EXPECT_FALSE(can_reserve(budget, 0, now));
}

TEST(Rate, a_full_bucket_gives_its_burst_and_then_one_per_interval) {
  const Rate rate{.count = 10, .per = Seconds{1}, .burst = 3};
  const SteadyTime start{Seconds{5}};
  Bucket bucket;
  EXPECT_EQ(take(bucket, rate, start, 3), std::nullopt);
  const auto before = bucket;
  EXPECT_EQ(take(bucket, rate, start), Millis{100});
  EXPECT_EQ(bucket, before);
  EXPECT_EQ(take(bucket, rate, start + Millis{100}), std::nullopt);
  EXPECT_EQ(take(bucket, rate, start + Millis{100}, 2), Millis{200});
}

TEST(Rate, asking_how_long_to_wait_takes_nothing) {
  const Rate rate{.count = 1, .per = Seconds{1}, .burst = 2};
  const SteadyTime now{Seconds{5}};
  Bucket bucket;
  EXPECT_EQ(wait_for(bucket, rate, now, 2), std::nullopt);
  EXPECT_EQ(bucket, Bucket{});
  EXPECT_EQ(take(bucket, rate, now, 2), std::nullopt);
  EXPECT_EQ(wait_for(bucket, rate, now, 2), Seconds{2});
}

// Rounded for each byte, a third of a nanosecond too much would be a third of the rate.
TEST(Rate, many_permits_at_once_are_rounded_once) {
  const Rate rate{.count = 1'500'000'000, .per = Seconds{1}, .burst = 1'500'000'000};
  EXPECT_EQ(refill_time(rate), Seconds{1});
  Bucket bucket;
  const SteadyTime now{Seconds{5}};
  EXPECT_EQ(take(bucket, rate, now, rate.burst), std::nullopt);
  EXPECT_EQ(take(bucket, rate, now + Millis{500}, rate.burst / 2), std::nullopt);
}

TEST(Rate, the_largest_rate_stays_exact) {
  const Rate rate{.count = Rate::permits_max, .per = Rate::refill_max, .burst = Rate::permits_max};
  EXPECT_EQ(refill_time(rate), Rate::refill_max);
  Bucket bucket;
  EXPECT_EQ(take(bucket, rate, SteadyTime{Seconds{5}}, rate.burst), std::nullopt);
  EXPECT_EQ(take(bucket, rate, SteadyTime{Seconds{5}}, rate.burst), Rate::refill_max);
}

}  // namespace
}  // namespace writ::quota
