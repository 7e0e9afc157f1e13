// SqliteWriter: the one thread that writes, with group commit.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sql/job.h"
#include "sql/sqlite_connection.h"
#include "sql/work_queue.h"

namespace writ::sql {

class SqliteWriter {
 public:
  using JobPtr = std::unique_ptr<Job<Transaction>>;

  SqliteWriter(std::unique_ptr<Connection> connection, std::string name, const SqliteOptions& options);
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;
  /// Finishes what is queued and copies the log into the file.
  ~SqliteWriter();

  /// Thread: any.
  void submit(JobPtr job);

 private:
  /// The jobs whose work has run between BEGIN and COMMIT, and whether any of it is to be kept.
  struct Batch {
    std::vector<JobPtr> done;
    std::size_t kept = 0;
  };

  void loop();
  void run(JobPtr job, Batch& batch);
  [[nodiscard]] Status finish_work(bool good);
  void commit(Batch& batch);
  void answer_all(Batch& batch, const std::optional<Error>& instead);
  void checkpoint();

  std::unique_ptr<Connection> connection_;
  const std::string name_, before_commit_, after_commit_;
  const SqliteOptions options_;
  WorkQueue<JobPtr> queue_;
  std::thread thread_;
};

}  // namespace writ::sql
