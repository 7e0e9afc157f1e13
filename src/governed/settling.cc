#include "governed/settling.h"

#include <algorithm>
#include <utility>

namespace writ::governed {
namespace {

constexpr Millis attempt_max = Seconds{5};       // of one question or settlement
constexpr Millis first_pause{100}, last_pause{5000};
constexpr Millis unknown_reservation = Seconds{120};  // how long to ask for what may have been reserved: a grant's life

// Whether the same request may have another answer later: policy or the way to it was at fault.
bool passing(const Error& error) {
  switch (error.kind) {
    case ErrorKind::unavailable:
    case ErrorKind::deadline:
    case ErrorKind::cancelled:
    case ErrorKind::unauthenticated:  // this service's own token, or the trust in identity, ran out
    case ErrorKind::internal: return true;
    default: return false;
  }
}

// The caller's, without its end: neither its cancellation nor its deadline may lose the charge.
Context detached(Context ctx) {
  ctx.cancel = {};
  ctx.deadline = SteadyTime::max();
  return ctx;
}

/// How often and how long to try again.
struct Patience {
  SteadyTime until;
  std::stop_token stopping;
  Millis pause = first_pause;

  /// False when it is time to give up.
  Task<bool> wait() {
    if (system_clock().steady() + pause >= until) co_return false;
    co_return co_await async::sleep_for(std::exchange(pause, std::min(pause * 2, last_pause)), stopping);
  }
};

// Both own what they need: the stream or call that they settle for is gone.
Task<void> charge_until(policy::PolicyPort* policy, Context ctx, policy::SettleRequest settlement, Patience patience) {
  for (;;) {
    const auto settled = co_await policy->settle(ctx.within(attempt_max), settlement);
    // Given up, the reservation expires as presumed, which policy records.
    if (settled || !passing(settled.error()) || !co_await patience.wait()) co_return;
  }
}

Task<void> give_back_until(policy::PolicyPort* policy, Context ctx, policy::EvaluateRequest question,
                           std::string settle_id, Patience patience) {
  for (;;) {
    auto answer = co_await policy->evaluate(ctx.within(attempt_max), question);
    if (answer && answer->reservation) {
      patience.pause = first_pause;
      co_return co_await charge_until(
          policy, std::move(ctx),
          {.request_id = std::move(settle_id), .decision_id = answer->decision_id, .actual = Tokens{0}},
          std::move(patience));
    }
    if (answer || !passing(answer.error()) || !co_await patience.wait()) co_return;
  }
}

}  // namespace

void Settling::charge(Executor on, const Context& ctx, policy::SettleRequest settlement,
                      const std::optional<policy::Reservation>& reservation) const {
  const auto left = reservation ? reservation->expires_at - system_clock().now() : unknown_reservation;
  const auto until = system_clock().steady() + left;
  // When the process is stopping the group refuses; then the reservation expires as presumed.
  (void)tasks_->spawn(on, "settle",
                      charge_until(policy_, detached(ctx), std::move(settlement), {until, tasks_->stopping()}));
}

void Settling::give_back(Executor on, const Context& ctx, policy::EvaluateRequest question,
                         std::string settle_id) const {
  (void)tasks_->spawn(on, "give_back",
                      give_back_until(policy_, detached(ctx), std::move(question), std::move(settle_id),
                                      {system_clock().steady() + unknown_reservation, tasks_->stopping()}));
}

}  // namespace writ::governed
