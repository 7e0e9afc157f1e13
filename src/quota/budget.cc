#include "quota/budget.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/assert.h"

namespace writ::quota {
namespace {

void check(Quantity amount) {
  WRIT_ASSERT(amount >= 0 && amount <= amount_max, "an amount of the caller is validated before it comes here");
}

/// Sums stop at the largest number instead of wrapping: too much is refused, never forgotten.
void add(Quantity& sum, Quantity amount) {
  if (__builtin_add_overflow(sum, amount, &sum)) sum = std::numeric_limits<Quantity>::max();
}

void take(Quantity& sum, Quantity amount) {
  WRIT_ASSERT(sum >= amount, "a reservation belongs to the budget that made it");
  sum -= amount;
}

}  // namespace

Quantity Budget::left() const {
  Quantity rest = limit;
  for (const auto used : {settled, presumed, reserved})
    if (__builtin_sub_overflow(rest, used, &rest)) return std::numeric_limits<Quantity>::min();
  return rest;
}

Status can_reserve(const Budget& budget, Quantity estimate, WallTime now) {
  check(estimate);
  const auto left = budget.left();
  if (left >= estimate) return {};
  Error error{.kind = ErrorKind::quota_exceeded, .code = "budget_spent"};
  auto without_waiting = budget;
  without_waiting.reserved = 0;
  take(without_waiting.presumed, std::min(budget.recoverable, budget.presumed));
  if (estimate > budget.limit) {
    error.message = fmt::format("{} are asked for, the limit of the window is {}: ask for less or raise the limit",
                                estimate, budget.limit);
  } else if (without_waiting.left() >= estimate) {
    error.code = "budget_reserved";
    error.retry_after = std::min(reserved_pause, budget.window.until_reset(now));
    error.message = fmt::format("{} are asked for, {} of {} are left while other calls hold {}", estimate, left,
                                budget.limit, without_waiting.left() - left);
  } else {
    error.retry_after = budget.window.until_reset(now);
    error.message = fmt::format("{} are asked for, {} of {} are left until {}", estimate, left, budget.limit,
                                to_rfc3339(budget.window.end()));
  }
  return fail(std::move(error));
}

Result<Reservation> reserve(Budget& budget, Quantity estimate, WallTime now) {
  WRIT_CHECK(can_reserve(budget, estimate, now));
  add(budget.reserved, estimate);
  return Reservation{.estimate = estimate};
}

Settlement settle(Budget& budget, Reservation& reservation, Quantity actual) {
  check(actual);
  switch (reservation.state) {
    case ReservationState::settled: return Settlement::repeated;
    case ReservationState::open: take(budget.reserved, reservation.estimate); break;
    case ReservationState::presumed: take(budget.presumed, reservation.estimate); break;
    case ReservationState::replaced: take(budget.settled, reservation.actual); break;
  }
  const auto was_open = reservation.state == ReservationState::open;
  // What a replaced call gave back may have been promised to others.
  const auto bound = reservation.state == ReservationState::replaced ? reservation.actual : reservation.estimate;
  add(budget.settled, actual);
  if (actual > bound) add(budget.overrun, actual - bound);
  reservation.state = ReservationState::settled;
  reservation.actual = actual;
  return was_open ? Settlement::applied : Settlement::corrected;
}

void replace(Budget& budget, Reservation& reservation, Quantity known) {
  check(known);
  if (reservation.state != ReservationState::open && reservation.state != ReservationState::presumed) return;
  take(reservation.state == ReservationState::open ? budget.reserved : budget.presumed, reservation.estimate);
  reservation.actual = std::min(known, reservation.estimate);
  add(budget.settled, reservation.actual);
  reservation.state = ReservationState::replaced;
}

void expire(Budget& budget, Reservation& reservation) {
  if (reservation.state != ReservationState::open) return;
  take(budget.reserved, reservation.estimate);
  add(budget.presumed, reservation.estimate);
  reservation.state = ReservationState::presumed;
}

}  // namespace writ::quota
