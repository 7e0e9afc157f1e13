// Job: one piece of work on its way to a database thread and its answer on the way back to the caller's loop.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "async/task.h"
#include "core/context.h"

namespace writ::sql {

/// `Scope` is Reader or Transaction. Thread: run() and answer() on a database thread, each at most once, run() first.
template <class Scope>
class Job {
 public:
  explicit Job(const Context& ctx) : deadline_(ctx.deadline), cancel_(ctx.cancel) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Why the work must not begin any more, if so.
  [[nodiscard]] std::optional<Error> too_late() const {
    std::optional<Error> why;
    if (cancel_.stop_requested()) why = cancelled("sql");
    else if (system_clock().steady() >= deadline_) why = deadline_exceeded("sql");
    if (why) why->outcome = Outcome::not_sent;
    return why;
  }
  /// False when the work failed and must be rolled back; its error waits for answer().
  [[nodiscard]] virtual bool run(Scope& scope) = 0;
  /// Sends the work's own result, or `instead`.
  virtual void answer(std::optional<Error> instead) = 0;

 private:
  SteadyTime deadline_;
  std::stop_token cancel_;
};

template <class Scope, class Work, class Handler>
class WorkJob final : public Job<Scope> {
 public:
  using Answer = std::invoke_result_t<Work&, Scope&>;

  WorkJob(const Context& ctx, Work work, Handler handler)
      : Job<Scope>(ctx),
        work_(std::move(work)),
        executor_(asio::get_associated_executor(handler)),
        guard_(asio::make_work_guard(executor_)),
        handler_(std::move(handler)) {}

  bool run(Scope& scope) override {
    try {
      result_ = (*work_)(scope);
    } catch (...) {  // travels to the caller, whose request has the one catch
      crash_ = std::current_exception();
    }
    work_.reset();
    return !crash_ && result_.has_value();
  }

  void answer(std::optional<Error> instead) override {
    work_.reset();  // what it holds dies before the caller goes on
    if (instead) {
      crash_ = nullptr;
      result_ = fail(std::move(*instead));
    }
    asio::post(executor_, [handler = std::move(handler_), crash = crash_, result = std::move(result_)]() mutable {
      std::move(handler)(crash, std::move(result));
    });
  }

 private:
  using HandlerExecutor = asio::associated_executor_t<Handler>;
  std::optional<Work> work_;
  HandlerExecutor executor_;
  asio::executor_work_guard<HandlerExecutor> guard_;
  Handler handler_;
  std::exception_ptr crash_;
  Answer result_ = fail(internal("the work did not run", "sql"));
};

}  // namespace writ::sql
