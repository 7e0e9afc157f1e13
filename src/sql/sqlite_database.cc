#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "core/assert.h"
#include "core/private_folder.h"
#include "sql/lock_file.h"
#include "sql/sqlite.h"
#include "sql/sqlite_connection.h"
#include "sql/sqlite_writer.h"
#include "sql/work_queue.h"

namespace writ::sql {
namespace {

using ReadPtr = std::unique_ptr<Job<Reader>>;

void answer_read(Connection& connection, const Clock& clock, Job<Reader>& job) {
  if (!job.begin()) return;
  if (auto begun = connection.execute("BEGIN"); !begun) return job.answer(std::move(begun.error()));
  SqliteTransaction snapshot(connection, clock.now());
  const bool good = job.run(snapshot);
  std::optional<Error> lost = snapshot.fatal();
  if (connection.in_transaction())
    if (auto ended = connection.execute("ROLLBACK"); !ended) lost = std::move(ended.error());
  job.answer(good ? std::move(lost) : std::nullopt);
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(LockFile lock, std::string name, std::unique_ptr<Connection> writer,
                 std::vector<std::unique_ptr<Connection>> readers, const SqliteOptions& options)
      : lock_(std::move(lock)),
        name_(std::move(name)),
        clock_(*options.clock),
        readers_(std::move(readers)),
        reads_(options.queue_max),
        writer_(std::move(writer), name_, options) {
    for (auto& reader : readers_) {
      auto& thread = threads_.emplace_back([this, connection = reader.get()] { read_loop(*connection); });
      pthread_setname_np(thread.native_handle(), ("sqlr-" + name_).substr(0, 15).c_str());
    }
  }
  ~SqliteDatabase() override {
    reads_.close();
    for (auto& thread : threads_) thread.join();
  }

  std::string_view name() const override { return name_; }

 protected:
  void submit(std::unique_ptr<Job<Transaction>> job) override { writer_.submit(std::move(job)); }
  void submit(ReadPtr job) override {
    if (reads_.push(job)) return;
    Error full = unavailable("queue_full", name_ + ": too many reads are waiting");
    full.outcome = Outcome::not_sent;
    job->answer(std::move(full));
  }

 private:
  void read_loop(Connection& connection) {
    for (;;) {
      auto taken = reads_.take(1);
      if (taken.items.empty()) return;
      answer_read(connection, clock_, *taken.items.front());
    }
  }

  LockFile lock_;  // let go last
  const std::string name_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Connection>> readers_;
  WorkQueue<ReadPtr> reads_;
  SqliteWriter writer_;
  std::vector<std::thread> threads_;
};

Error not_writable(const std::filesystem::path& path, const std::error_code& why) {
  return unavailable(
      "data_not_writable",
      "cannot write " + path.string() + ": " + why.message() + "; make it writable or choose another data folder", {});
}

/// A new file's name is on disk only when its folder is.
Status sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail(not_writable(folder, {errno, std::system_category()}));
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (failed != 0) return fail(unavailable("storage_failed", "fsync of " + folder.string() + " failed", {}));
  return {};
}

/// Makes the folder and an empty file that only this user can read; SQLite gives its side files the same mode.
Status make_file(const std::filesystem::path& file) {
  std::error_code failed;
  const auto folder = file.parent_path();
  const bool is_new = make_private_folder(folder, failed);
  if (is_new && !failed && folder.has_parent_path()) WRIT_CHECK(sync_folder(folder.parent_path()));
  if (failed) return fail(not_writable(folder, failed));
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(not_writable(file, {errno, std::system_category()}));
  ::close(fd);
  return sync_folder(folder);
}

Result<std::vector<RecordedMigration>> recorded_migrations(Connection& connection) {
  WRIT_CHECK(connection.script(
      "CREATE TABLE IF NOT EXISTS writ_migrations (position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
      "hash TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT"));
  WRIT_TRY(const auto rows,
           connection.query("SELECT name, hash FROM writ_migrations ORDER BY position", {}, std::size_t{1} << 20U));
  std::vector<RecordedMigration> recorded;
  for (const auto& row : rows) recorded.push_back({row.get<std::string>(0), row.get<std::string>(1)});
  return recorded;
}

/// Each in a transaction of its own with its record, so that a crash leaves a prefix.
Status migrate(Connection& connection, const Migrations& migrations, const Clock& clock) {
  WRIT_TRY(const auto recorded, recorded_migrations(connection));
  WRIT_TRY(const auto rest, pending(migrations, recorded));
  for (const auto& migration : rest) {
    const auto apply = [&]() -> Status {
      WRIT_CHECK(connection.script("BEGIN IMMEDIATE"));
      WRIT_CHECK(connection.script(migration.sql));
      const auto hash = hash_of(migration);
      const std::array params{to_param(migration.name), to_param(hash), to_param(clock.now())};
      WRIT_CHECK(
          connection.execute("INSERT INTO writ_migrations (name, hash, applied_at) VALUES (?1, ?2, ?3)", params));
      return connection.script("COMMIT");
    };
    if (auto applied = apply(); !applied) {
      if (connection.in_transaction()) (void)connection.script("ROLLBACK");  // the cause is what is reported
      return fail(std::move(applied.error()).while_doing("migration " + migration.name));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& file, Migrations migrations,
                                              SqliteOptions options) {
  WRIT_ASSERT(options.readers >= 1 && options.readers <= 16, "1..16 readers");
  WRIT_ASSERT(options.queue_max >= 1 && options.batch_max >= 1, "room for a write");
  const auto path = std::filesystem::absolute(file);
  WRIT_CHECK(make_file(path));
  WRIT_TRY(auto lock, LockFile::take(path.string() + ".lock"));
  WRIT_TRY(auto writer, Connection::open(path, Access::writer, options));
  WRIT_CHECK(migrate(*writer, migrations, *options.clock));
  std::vector<std::unique_ptr<Connection>> readers;
  for (std::size_t i = 0; i < options.readers; ++i) {
    WRIT_TRY(auto reader, Connection::open(path, Access::reader, options));
    readers.push_back(std::move(reader));
  }
  return std::make_unique<SqliteDatabase>(std::move(lock), path.stem().string(), std::move(writer), std::move(readers),
                                          options);
}

}  // namespace writ::sql
