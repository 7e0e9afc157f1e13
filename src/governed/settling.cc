#include "governed/settling.h"

#include <algorithm>
#include <utility>

namespace writ::governed {
namespace {

constexpr Millis attempt_max = Seconds{5};       // of one question or settlement
constexpr Millis unknown_reservation = Seconds{120};  // how long to ask for what may have been reserved: a grant's life

// The caller's, without its end: neither its cancellation nor its deadline may lose the charge.
Context detached(Context ctx) {
  ctx.cancel = {};
  ctx.deadline = SteadyTime::max();
  return ctx;
}

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
      patience.begin_anew();
      co_return co_await charge_until(
          policy, std::move(ctx),
          {.request_id = std::move(settle_id), .decision_id = answer->decision_id, .actual = Tokens{0}},
          std::move(patience));
    }
    if (answer || !passing(answer.error()) || !co_await patience.wait()) co_return;
  }
}

}  // namespace

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

Task<bool> Patience::wait() {
  if (system_clock().steady() + pause_ >= until_) co_return false;
  co_return co_await async::sleep_for(std::exchange(pause_, std::min(pause_ * 2, last_pause)), stopping_);
}

void Settling::charge(Executor on, const Context& ctx, policy::SettleRequest settlement,
                      const std::optional<policy::Reservation>& reservation) const {
  const auto left = reservation ? reservation->expires_at - system_clock().now() : unknown_reservation;
  const auto until = system_clock().steady() + left;
  // When the process is stopping the group refuses; then the reservation expires as presumed.
  (void)tasks_->spawn(on, "settle",
                      charge_until(policy_, detached(ctx), std::move(settlement), Patience(until, tasks_->stopping())));
}

void Settling::give_back(Executor on, const Context& ctx, policy::EvaluateRequest question,
                         std::string settle_id) const {
  (void)tasks_->spawn(on, "give_back",
                      give_back_until(policy_, detached(ctx), std::move(question), std::move(settle_id),
                                      Patience(system_clock().steady() + unknown_reservation, tasks_->stopping())));
}

}  // namespace writ::governed
