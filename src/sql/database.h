// Database: one service's own data behind statements, transactions and one writer; drivers implement it.
// There is one driver, SQLite (sqlite.h). One for PostgreSQL would implement the same two submit functions.
#pragma once

#include <memory>
#include <string_view>

#include "sql/job.h"
#include "sql/transaction.h"

namespace writ::sql {

class Database {
 public:
  virtual ~Database() = default;

  /// Runs `work` (Transaction& -> Result<R>) on the writer thread and answers after its COMMIT has returned: an answered
  /// write is on disk. Writes that wait together share one COMMIT; an error result undoes only its own work.
  /// Errors: those of `work`; deadline or cancelled (not_sent: it never begins), deadline (unknown: it had begun and
  /// finishes without its caller); unavailable (queue_full; storage_full, storage_failed: nothing of it is kept).
  /// Cancellation: at once while it waits; once begun it finishes. Thread: any loop. `work` must not block on anything but
  /// its statements, and must own what it uses or use what outlives the database's threads.
  template <class Work>
  [[nodiscard]] Task<std::invoke_result_t<Work&, Transaction&>> write(Context ctx, Work work) {
    return ask<Transaction>(std::move(ctx), std::move(work));
  }

  /// Runs `work` (Reader& -> Result<R>) on a reader thread over one snapshot that holds every answered write.
  /// Errors: those of `work`; deadline or cancelled (not_sent), deadline (unknown); unavailable (queue_full).
  /// Cancellation and `work`: as of write().
  template <class Work>
  [[nodiscard]] Task<std::invoke_result_t<Work&, Reader&>> read(Context ctx, Work work) {
    return ask<Reader>(std::move(ctx), std::move(work));
  }

  /// The name in fail points and messages, such as "orchestrator".
  [[nodiscard]] virtual std::string_view name() const = 0;

 protected:
  /// Takes the job; it is answered exactly once, in every case.
  virtual void submit(std::unique_ptr<Job<Transaction>> job) = 0;
  virtual void submit(std::unique_ptr<Job<Reader>> job) = 0;

 private:
  template <class Scope, class Work, class Answer = std::invoke_result_t<Work&, Scope&>>
  Task<Answer> ask(Context ctx, Work work) {
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(std::exception_ptr, Answer)>(
        [this](auto handler, const Context& c, Work w) {
          using Made = WorkJob<Scope, Work, decltype(handler)>;
          std::unique_ptr<Job<Scope>> job = std::make_unique<Made>(c, std::move(w), std::move(handler));
          submit(std::move(job));
        },
        async::use_task, std::move(ctx), std::move(work));
  }
};

}  // namespace writ::sql
