// PendingAnswer: what a caller of another thread waits for; answered once, by the worker, the deadline or the cancellation.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "async/task.h"
#include "core/context.h"

namespace writ::async {

/// waiting ──begin()──▶ begun ──answer()──▶ answered
///    └──────deadline, cancellation────────────▲      begun ──deadline──▶ answered (the outcome is unknown)
/// The caller is answered when its time is over, even while the worker is held up. So what the work uses must belong to
/// the work, or outlive the worker: the caller may have gone on. `Answer` is a Result.
template <class Handler, class Answer>
class PendingAnswer : public std::enable_shared_from_this<PendingAnswer<Handler, Answer>> {
 public:
  /// Call it on the caller's loop. `where` names the worker in errors.
  static std::shared_ptr<PendingAnswer> make(const Context& ctx, std::string where, Handler handler) {
    std::shared_ptr<PendingAnswer> made(new PendingAnswer(ctx, std::move(where), std::move(handler)));
    made->watch(ctx);
    return made;
  }

  /// Whether the work may begin: not when its caller has been answered, which happens now if its time is over.
  [[nodiscard]] bool begin() {
    if (cancel_.stop_requested()) give_up(State::waiting, cancelled(where_), Outcome::not_sent);
    if (system_clock().steady() >= deadline_) give_up(State::waiting, deadline_exceeded(where_), Outcome::not_sent);
    auto expected = State::waiting;
    return state_.compare_exchange_strong(expected, State::begun);
  }
  /// Of work that has begun, or that was refused before. Lost when the caller has been answered.
  void answer(std::exception_ptr crash, Answer result) {
    if (state_.exchange(State::answered) != State::answered) send(std::move(crash), std::move(result));
  }

 private:
  enum class State { waiting, begun, answered };
  using HandlerExecutor = asio::associated_executor_t<Handler>;
  using Timer =
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
  struct OnStop {
    PendingAnswer* pending;
    void operator()() const {
      // Nobody holds it any more: it has been answered.
      if (const auto held = pending->weak_from_this().lock())
        held->give_up(State::waiting, cancelled(held->where_), Outcome::not_sent);
    }
  };

  PendingAnswer(const Context& ctx, std::string where, Handler handler)
      : where_(std::move(where)),
        deadline_(ctx.deadline),
        cancel_(ctx.cancel),
        executor_(asio::get_associated_executor(handler)),
        guard_(asio::make_work_guard(executor_)),
        handler_(std::move(handler)) {}

  void watch(const Context& ctx) {
    if (ctx.deadline != SteadyTime::max()) {
      timer_ = std::make_unique<Timer>(executor_, ctx.deadline);
      timer_->async_wait([self = this->shared_from_this()](const auto& failed) {
        if (!failed) self->time_is_over();
      });
    }
    if (cancel_.stop_possible()) on_stop_.emplace(cancel_, OnStop{this});
  }
  void time_is_over() {
    give_up(State::waiting, deadline_exceeded(where_), Outcome::not_sent);
    give_up(State::begun, deadline_exceeded(where_), Outcome::unknown);
  }
  void give_up(State from, Error why, Outcome outcome) {
    if (!state_.compare_exchange_strong(from, State::answered)) return;
    why.outcome = outcome;
    send(nullptr, fail(std::move(why)));
  }
  // Once, by whoever made it `answered`. A timer belongs to its loop: only there may it be cancelled.
  void send(std::exception_ptr crash, Answer result) {
    asio::post(executor_, [timer = std::move(timer_), handler = std::move(handler_), guard = std::move(guard_),
                           crash = std::move(crash), result = std::move(result)]() mutable {
      if (timer) timer->cancel();
      std::move(handler)(std::move(crash), std::move(result));
    });
  }

  const std::string where_;
  const SteadyTime deadline_;
  const std::stop_token cancel_;
  std::atomic<State> state_{State::waiting};
  HandlerExecutor executor_;
  asio::executor_work_guard<HandlerExecutor> guard_;
  Handler handler_;
  std::unique_ptr<Timer> timer_;
  std::optional<std::stop_callback<OnStop>> on_stop_;  // last: gone before what it uses
};

}  // namespace writ::async
