// BlockingPool: threads for work that blocks (database, hashing, model loading), with a bounded queue.
#pragma once

#include <atomic>
#include <exception>
#include <string>
#include <type_traits>

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "async/task.h"
#include "core/context.h"

namespace writ::async {

class BlockingPool {
 public:
  BlockingPool(std::string name, std::size_t threads, std::size_t queue_max)
      : name_(std::move(name)), queue_max_(queue_max), pool_(threads) {}
  ~BlockingPool() { pool_.join(); }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Runs `work` (() -> Result<R>) on a pool thread and returns on the caller's loop.
  /// Errors: unavailable (queue_full), deadline when its turn comes too late (then `work` never ran), and those of `work`.
  /// Cancellation: work that has begun is finished.
  template <class Work, class R = std::invoke_result_t<Work>>
  [[nodiscard]] Task<R> run(Context ctx, Work work) {
    if (waiting_.fetch_add(1) >= queue_max_) {
      waiting_.fetch_sub(1);
      co_return fail(unavailable("queue_full", name_ + ": the queue is full"));
    }
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(std::exception_ptr, R)>(
        [this](auto handler, Context c, Work w) {
          auto executor = asio::get_associated_executor(handler);
          auto guard = asio::make_work_guard(executor);
          asio::post(pool_, [this, handler = std::move(handler), guard = std::move(guard), executor, c = std::move(c),
                             w = std::move(w)]() mutable {
            waiting_.fetch_sub(1);
            std::exception_ptr crash;
            R result = fail(deadline_exceeded(name_));
            try {
              if (!c.expired()) result = w();
            } catch (...) { crash = std::current_exception(); }
            asio::post(executor, [handler = std::move(handler), crash, result = std::move(result)]() mutable {
              std::move(handler)(crash, std::move(result));
            });
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
