#include "async/signal.h"

#include <mutex>
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>

#include "core/assert.h"

namespace writ::async {
namespace {
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
}

struct Signal::State {
  std::mutex mutex;
  bool notified = false;
  std::shared_ptr<Timer> waiter;  // shared with the post() that wakes it from another thread

  void wake(bool set) {
    std::shared_ptr<Timer> timer;
    {
      const std::lock_guard lock(mutex);
      notified = notified || set;
      timer = waiter;
    }
    // A timer belongs to its loop: only there may it be cancelled.
    if (timer) asio::post(timer->get_executor(), [timer] { timer->cancel(); });
  }
};

Signal::Signal() : state_(std::make_shared<State>()) {}
Signal::Signal(Signal&&) noexcept = default;
Signal& Signal::operator=(Signal&&) noexcept = default;
Signal::~Signal() = default;

void Signal::notify() const { state_->wake(true); }

Task<Woken> Signal::wait(SteadyTime until, std::stop_token cancel) const {
  const auto state = state_;
  auto timer = std::make_shared<Timer>(co_await asio::this_coro::executor);
  const std::stop_callback on_stop(cancel, [state] { state->wake(false); });
  for (;;) {
    {
      const std::lock_guard lock(state->mutex);
      WRIT_ASSERT(state->waiter == nullptr || state->waiter == timer, "one waiter at a time");
      state->waiter = nullptr;
      if (std::exchange(state->notified, false)) co_return Woken::notified;
      if (cancel.stop_requested()) co_return Woken::cancelled;
      if (system_clock().steady() >= until) co_return Woken::timed_out;
      state->waiter = timer;
      timer->expires_at(until);
    }
    // A wake that was posted before this line runs after the wait has begun: both are on this loop.
    co_await timer->async_wait(as_result);
  }
}

Task<bool> sleep_for(Millis duration, std::stop_token cancel) {
  const Signal never;
  co_return co_await never.wait(system_clock().steady() + duration, cancel) == Woken::timed_out;
}

}  // namespace writ::async
