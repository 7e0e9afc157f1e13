#include "sql/sqlite_writer.h"

#include <pthread.h>

#include <utility>

#include "core/fail_point.h"

namespace writ::sql {
namespace {

/// About 4 MiB of log: SQLite's own default for automatic checkpoints.
constexpr int checkpoint_pages = 1000;

class NoProbe final : public Probe {
 public:
  void committed(std::size_t, std::chrono::nanoseconds) override {}
  void queue_depth(std::size_t) override {}
  void checkpoint_failed() override {}
};

SqliteOptions with_probe(SqliteOptions options) {
  static NoProbe none;
  if (options.probe == nullptr) options.probe = &none;
  return options;
}

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<Connection> connection, std::string name, const SqliteOptions& options)
    : connection_(std::move(connection)),
      name_(std::move(name)),
      before_commit_("sql.before_commit." + name_),
      after_commit_("sql.after_commit." + name_),
      options_(with_probe(options)),
      queue_(options.queue_max),
      thread_([this] { loop(); }) {
  pthread_setname_np(thread_.native_handle(), ("sqlw-" + name_).substr(0, 15).c_str());
}

SqliteWriter::~SqliteWriter() {
  queue_.close();
  thread_.join();
}

void SqliteWriter::submit(JobPtr job) {
  if (const auto depth = queue_.push(job)) {
    options_.probe->queue_depth(*depth);
    return;
  }
  Error full = unavailable("queue_full", name_ + ": too many writes are waiting");
  full.outcome = Outcome::not_sent;
  job->answer(std::move(full));
}

void SqliteWriter::loop() {
  for (;;) {
    auto taken = queue_.take(options_.batch_max);
    if (taken.items.empty()) break;
    options_.probe->queue_depth(taken.left);
    Batch batch;
    for (auto& job : taken.items) run(std::move(job), batch);
    commit(batch);
    if (connection_->wal_pages() >= checkpoint_pages) checkpoint();
  }
  if (!connection_->checkpoint(Checkpoint::truncate)) options_.probe->checkpoint_failed();
}

void SqliteWriter::run(JobPtr job, Batch& batch) {
  if (!job->begin()) return;
  if (!connection_->in_transaction())
    if (auto begun = connection_->execute("BEGIN IMMEDIATE"); !begun) return job->answer(std::move(begun.error()));
  if (auto saved = connection_->execute("SAVEPOINT work"); !saved) return job->answer(std::move(saved.error()));

  SqliteTransaction transaction(*connection_, options_.clock->now());
  const bool good = job->run(transaction);
  std::optional<Error> lost = transaction.fatal();
  bool keep = good && !lost && !connection_->has_open_foreign_keys();
  if (!lost)
    if (auto finished = finish_work(keep); !finished) lost = std::move(finished.error());
  if (lost) {  // SQLite has undone the batch so far; what follows begins a new one
    batch.done.push_back(std::move(job));
    if (connection_->in_transaction()) (void)connection_->execute("ROLLBACK");  // the cause is what is reported
    return answer_all(batch, lost);
  }
  if (good && !keep) return job->answer(conflict("constraint", "a row refers to one that is not there"));
  batch.kept += keep ? 1 : 0;
  batch.done.push_back(std::move(job));  // a refusal may rest on rows of the same batch: it waits for them too
}

Status SqliteWriter::finish_work(bool good) {
  if (!good) WRIT_CHECK(connection_->execute("ROLLBACK TO work"));
  WRIT_CHECK(connection_->execute("RELEASE work"));
  return {};
}

void SqliteWriter::commit(Batch& batch) {
  if (!connection_->in_transaction()) return;
  if (batch.kept == 0) {
    auto undone = connection_->execute("ROLLBACK");
    return answer_all(batch, undone ? std::nullopt : std::optional(undone.error()));
  }
  WRIT_FAIL_POINT(before_commit_);
  const auto begin = system_clock().steady();
  const auto committed = connection_->execute("COMMIT");
  if (!committed) {
    if (connection_->in_transaction()) (void)connection_->execute("ROLLBACK");  // the cause is what is reported
    return answer_all(batch, committed.error());
  }
  WRIT_FAIL_POINT(after_commit_);
  options_.probe->committed(batch.kept, system_clock().steady() - begin);
  answer_all(batch, std::nullopt);
}

void SqliteWriter::answer_all(Batch& batch, const std::optional<Error>& instead) {
  for (auto& job : batch.done) job->answer(instead);
  batch = {};
}

void SqliteWriter::checkpoint() {
  if (!connection_->checkpoint(Checkpoint::passive)) options_.probe->checkpoint_failed();
}

}  // namespace writ::sql
