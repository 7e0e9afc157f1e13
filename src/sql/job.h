// Job: one piece of work on its way to a database thread and its answer on the way back to the caller's loop.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "async/pending_answer.h"

namespace writ::sql {

/// `Scope` is Reader or Transaction. Thread: begin(), run() and answer() on a database thread, each at most once, in
/// this order.
template <class Scope>
class Job {
 public:
  Job() = default;
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// False when the caller has been answered already, because its time was over or it went away: then leave the job.
  [[nodiscard]] virtual bool begin() = 0;
  /// False when the work failed and must be rolled back; its error waits for answer().
  [[nodiscard]] virtual bool run(Scope& scope) = 0;
  /// Sends the work's own result, or `instead`.
  virtual void answer(std::optional<Error> instead) = 0;
};

template <class Scope, class Work, class Handler>
class WorkJob final : public Job<Scope> {
 public:
  using Answer = std::invoke_result_t<Work&, Scope&>;

  WorkJob(const Context& ctx, Work work, Handler handler)
      : work_(std::move(work)), pending_(Pending::make(ctx, "sql", std::move(handler))) {}

  bool begin() override { return pending_->begin(); }

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
    pending_->answer(std::move(crash_), std::move(result_));
  }

 private:
  using Pending = async::PendingAnswer<Handler, Answer>;
  std::optional<Work> work_;
  std::shared_ptr<Pending> pending_;  // shared with the timer and the stop that may answer first
  std::exception_ptr crash_;
  Answer result_ = fail(internal("the work did not run", "sql"));
};

}  // namespace writ::sql
