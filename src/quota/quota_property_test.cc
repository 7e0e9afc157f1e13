#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

#include "quota/budget.h"
#include "quota/rate.h"

namespace writ::quota {
namespace {

/// One event in the life of a budget: a new call, or something that happens to an earlier one.
struct Event {
  int what = 0;  // 0..1 reserve, 2 settle, 3 expire, 4 replace
  std::size_t which = 0;
  Quantity amount = 0;
};

std::vector<Event> some_events() {
  return *rc::gen::container<std::vector<Event>>(rc::gen::construct<Event>(
      rc::gen::inRange(0, 5), rc::gen::inRange<std::size_t>(0, 64), rc::gen::inRange<Quantity>(0, 400)));
}

/// What the budget must say, added up from the reservations alone.
struct Sums {
  Quantity settled = 0, presumed = 0, reserved = 0;
};
Sums sums_of(const std::vector<Reservation>& calls) {
  Sums sums;
  for (const auto& call : calls) {
    switch (call.state) {
      case ReservationState::open: sums.reserved += call.estimate; break;
      case ReservationState::presumed: sums.presumed += call.estimate; break;
      case ReservationState::replaced:
      case ReservationState::settled: sums.settled += call.actual; break;
    }
  }
  return sums;
}

TEST(BudgetProperty, never_overspends_and_never_wrongly_refuses_in_any_interleaving) {
  EXPECT_TRUE(rc::check([] {
    const WallTime now{Millis{1'000}};
    Budget budget{.window = window_at(now), .limit = *rc::gen::inRange<Quantity>(0, 2'000)};
    std::vector<Reservation> calls;
    Quantity overrun = 0;
    for (const auto& event : some_events()) {
      const auto before = sums_of(calls);
      if (event.what <= 1) {
        const bool fits = budget.limit - before.settled - before.presumed - before.reserved >= event.amount;
        const auto made = reserve(budget, event.amount, now);
        RC_ASSERT(made.has_value() == fits);
        if (made) calls.push_back(*made);
      } else if (!calls.empty()) {
        auto& call = calls[event.which % calls.size()];
        const auto held = call.state == ReservationState::replaced ? call.actual : call.estimate;
        if (event.what == 2 && settle(budget, call, event.amount) != Settlement::repeated)
          overrun += std::max<Quantity>(0, event.amount - held);
        if (event.what == 3) expire(budget, call);
        if (event.what == 4) replace(budget, call, event.amount);
      }
      const auto after = sums_of(calls);
      RC_ASSERT(budget.settled == after.settled);
      RC_ASSERT(budget.presumed == after.presumed);
      RC_ASSERT(budget.reserved == after.reserved);
      RC_ASSERT(budget.overrun == overrun);
      RC_ASSERT(after.settled + after.presumed + after.reserved <= budget.limit + overrun);
    }
  }));
}

TEST(BudgetProperty, the_order_of_settling_and_expiring_does_not_change_the_end) {
  EXPECT_TRUE(rc::check([] {
    const WallTime now{Millis{1'000}};
    const auto amounts = *rc::gen::container<std::vector<Quantity>>(rc::gen::inRange<Quantity>(0, 100));
    Budget forward{.window = window_at(now), .limit = 1'000'000}, backward = forward;
    std::vector<Reservation> a, b;
    for (const auto amount : amounts) {
      a.push_back(*reserve(forward, amount, now));
      b.push_back(*reserve(backward, amount, now));
    }
    for (std::size_t i = 0; i < a.size(); ++i) (void)settle(forward, a[i], amounts[i] / 2);
    for (std::size_t i = b.size(); i-- > 0;) {
      expire(backward, b[i]);
      (void)settle(backward, b[i], amounts[i] / 2);
    }
    RC_ASSERT(forward == backward);
  }));
}

TEST(RateProperty, no_stretch_of_time_gets_more_than_burst_plus_rate) {
  EXPECT_TRUE(rc::check([] {
    const Rate rate{.count = *rc::gen::inRange<std::int64_t>(1, 50),
                    .per = Millis{*rc::gen::inRange(1, 2'000)},
                    .burst = *rc::gen::inRange<std::int64_t>(1, 10)};
    const auto gaps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300));
    Bucket bucket;
    SteadyTime now{};
    std::vector<SteadyTime> given;
    for (const auto gap : gaps) {
      now += Millis{gap};
      const auto wait = take(bucket, rate, now);
      if (!wait) given.push_back(now);
      else if (auto later = bucket; *rc::gen::arbitrary<bool>()) RC_ASSERT(!take(later, rate, now + *wait));
    }
    for (std::size_t i = 0; i < given.size(); ++i)
      for (std::size_t j = i; j < given.size(); ++j) {
        const auto stretch = std::chrono::duration_cast<Millis>(given[j] - given[i]).count();
        RC_ASSERT(static_cast<std::int64_t>(j - i + 1) <= rate.burst + rate.count * stretch / rate.per.count());
      }
  }));
}

}  // namespace
}  // namespace writ::quota
