// What the integration tests of the SQLite driver share: a database in a scratch folder, loops, and a writer held still.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

#include "async/loops.h"
#include "core/scratch_folder.h"
#include "sql/sqlite.h"

namespace writ::sql {

inline Migrations notes_schema() {
  return {{"0001_notes",
           "CREATE TABLE notes (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;"
           "CREATE TABLE links (note INTEGER NOT NULL REFERENCES notes(id) DEFERRABLE INITIALLY DEFERRED) "
           "STRICT;"}};
}

class RecordingProbe final : public Probe {
 public:
  void committed(std::size_t writes, std::chrono::nanoseconds) override {
    const std::lock_guard lock(mutex_);
    batches_.push_back(writes);
  }
  void queue_depth(std::size_t waiting) override {
    const std::lock_guard lock(mutex_);
    depth_ = waiting;
    changed_.notify_all();
  }
  void checkpoint_failed() override {}

  void wait_for_depth(std::size_t waiting) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return depth_ == waiting; });
  }
  std::vector<std::size_t> batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t depth_ = 0;
  std::vector<std::size_t> batches_;
};

class SqliteTest : public testing::Test {
 protected:
  void open(SqliteOptions options = {}) {
    database_.reset();
    options.probe = &probe_;
    auto opened = open_sqlite(file(), notes_schema(), options);
    ASSERT_TRUE(opened) << opened.error().message << " " << opened.error().where;
    database_ = std::move(*opened);
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "new" / "notes.db"; }

  template <class Work>
  auto start_write(Work work, Context ctx = {}) {
    return asio::co_spawn(loops_.at(0), database_->write(std::move(ctx), std::move(work)), asio::use_future);
  }
  template <class Work>
  auto write(Work work, Context ctx = {}) {
    return start_write(std::move(work), std::move(ctx)).get();
  }
  template <class Work>
  auto read(Work work) {
    return loops_.run(database_->read({}, std::move(work)));
  }
  static auto insert(std::int64_t id, std::size_t size = 1) {
    return [id, size](Transaction& tx) {
      return tx.run("INSERT INTO notes (id, body) VALUES (?1, ?2)", id, Blob{std::string(size, 'x')});
    };
  }
  std::vector<std::int64_t> ids() {
    auto found = read([](Reader& reader) { return reader.rows("SELECT id FROM notes ORDER BY id"); });
    EXPECT_TRUE(found);
    std::vector<std::int64_t> out;
    for (const auto& row : *found) out.push_back(row.get<std::int64_t>(0));
    return out;
  }

  /// A write whose work has begun and does not end before release().
  class Held {
   public:
    explicit Held(SqliteTest& test) {
      answer_ = test.start_write([began = &began_, go = go_.get_future().share()](Transaction&) -> Status {
        began->set_value();
        go.wait();
        return {};
      });
      began_.get_future().wait();
    }
    void release() {
      go_.set_value();
      EXPECT_TRUE(answer_.get());
    }

   private:
    std::promise<void> began_, go_;
    std::future<Status> answer_;
  };

  ScratchFolder folder_;
  RecordingProbe probe_;
  async::Loops loops_{1};
  std::unique_ptr<Database> database_;
};

}  // namespace writ::sql
