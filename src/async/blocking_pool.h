// BlockingPool: threads for work that blocks (database, hashing, model loading), with a bounded queue.
#pragma once

#include <atomic>
#include <exception>
#include <string>
#include <type_traits>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "async/pending_answer.h"

namespace writ::async {

class BlockingPool {
 public:
  BlockingPool(std::string name, std::size_t threads, std::size_t queue_max)
      : name_(std::move(name)), queue_max_(queue_max), pool_(threads) {}
  ~BlockingPool() { pool_.join(); }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Runs `work` (() -> Result<R>) on a pool thread and returns on the caller's loop.
  /// Errors: unavailable (queue_full), deadline or cancelled (not_sent: it never begins), deadline (unknown: it had begun
  /// and finishes without its caller), and those of `work`.
  /// Cancellation: at once while it waits; work that has begun is finished. `work` must own what it uses or use what
  /// outlives the pool.
  template <class Work, class R = std::invoke_result_t<Work>>
  [[nodiscard]] Task<R> run(Context ctx, Work work) {
    if (waiting_.fetch_add(1) >= queue_max_) {
      waiting_.fetch_sub(1);
      Error full = unavailable("queue_full", name_ + ": the queue is full");
      full.outcome = Outcome::not_sent;
      co_return fail(std::move(full));
    }
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(std::exception_ptr, R)>(
        [this](auto handler, const Context& c, Work w) {
          auto pending = PendingAnswer<decltype(handler), R>::make(c, name_, std::move(handler));
          asio::post(pool_, [this, pending = std::move(pending), w = std::move(w)]() mutable {
            waiting_.fetch_sub(1);
            if (!pending->begin()) return;
            std::exception_ptr crash;
            R result = fail(internal("the work did not run", name_));
            try {
              result = w();
            } catch (...) { crash = std::current_exception(); }
            pending->answer(std::move(crash), std::move(result));
          });
        },
        use_task, std::move(ctx), std::move(work));
  }

 private:
  const std::string name_;
  const std::size_t queue_max_;
  std::atomic<std::size_t> waiting_{0};
  asio::thread_pool pool_;
};

}  // namespace writ::async
