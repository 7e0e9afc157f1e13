// Budget: the arithmetic of one limit in one window. Pure: rows, transaction and clock are the caller's.
#pragma once

#include <cstdint>

#include "core/result.h"
#include "quota/window.h"

namespace writ::quota {

/// A number in the budget's own unit: tokens, micro-USD or calls. Never negative, at most amount_max.
using Quantity = std::int64_t;
inline constexpr Quantity amount_max = std::int64_t{1} << 53U;  // JSON's largest exact integer

/// What is used of one window. Left = limit − settled − presumed − reserved; it is negative after an overrun or when a
/// new constitution lowers the limit.
struct Budget {
  Window window;
  Quantity limit = 0;
  Quantity settled = 0;  // known to be used
  Quantity presumed = 0;  // expired with unknown outcome, counted at the estimate until the truth comes
  Quantity reserved = 0;  // promised to calls under way
  Quantity overrun = 0;  // billed above what the reservations held; part of `settled`; a reason to alert
  Quantity recoverable = 0;  // part of `presumed` whose holder goes on and is still to say what it was

  [[nodiscard]] Quantity left() const;
  bool operator==(const Budget&) const = default;
};

/// ```
/// reserve ──> open ──settle──────────────────────> settled
///               ├──expire──> presumed ──settle──────^  ^
///               └──replace──────┴──replace──> replaced─┘ settle
/// ```
/// The numbers are stored. `replaced`: another attempt has taken its place; what is known of it counts as settled until
/// its own settlement comes.
enum class ReservationState { open = 0, presumed = 1, settled = 2, replaced = 3 };

/// One reservation's row for one window; it counts in the window in which it was made, also when settled later.
struct Reservation {
  Quantity estimate = 0;  // an enforced upper bound
  ReservationState state = ReservationState::open;
  Quantity actual = 0;  // when settled or replaced
  bool operator==(const Reservation&) const = default;
};

/// How soon to ask again when only calls under way are in the way: they end within seconds.
inline constexpr Seconds reserved_pause{1};

/// Nothing when the estimate fits. Errors, quota_exceeded: budget_reserved, when it would fit were nothing reserved (or
/// recoverable): waiting for calls under way helps; else budget_spent, with the time until the window resets, or without
/// one when the estimate is above the whole limit, so that waiting does not help.
[[nodiscard]] Status can_reserve(const Budget& budget, Quantity estimate, WallTime now);

/// Takes the estimate out of what is left. Errors: those of can_reserve(); then nothing has changed. To draw on several
/// windows, ask can_reserve() of all first.
[[nodiscard]] Result<Reservation> reserve(Budget& budget, Quantity estimate, WallTime now);

enum class Settlement {
  applied,  // the reservation was open
  corrected,  // it had expired or was replaced: what was assumed gives way to the truth
  repeated,  // it was settled before: nothing has changed, the first `actual` stays
};
/// Replaces the estimate with what was used; what is above the estimate, or above what counted of a
/// replaced call, is added to `overrun`. Use 0 to release.
Settlement settle(Budget& budget, Reservation& reservation, Quantity actual);

/// Another attempt takes its place: `known`, what is known to be used of it, counts instead of the estimate, at most the
/// estimate. Nothing when it is settled or was replaced before.
void replace(Budget& budget, Reservation& reservation, Quantity known);

/// The time is over and the outcome unknown: the estimate counts as used. Nothing when it is no longer open.
void expire(Budget& budget, Reservation& reservation);

}  // namespace writ::quota
