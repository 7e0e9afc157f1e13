#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "sql/sqlite_fixture.h"

namespace writ::sql {
namespace {

using Batches = std::vector<std::size_t>;
using Ids = std::vector<std::int64_t>;

class FixedClock final : public Clock {
 public:
  WallTime now() const override { return WallTime{Millis{1'700'000'000'123}}; }
  SteadyTime steady() const override { return system_clock().steady(); }
};

TEST_F(SqliteTest, writes_that_wait_together_share_one_commit) {
  open();
  Held held(*this);
  std::vector<std::future<Result<std::int64_t>>> answers;
  for (std::int64_t id = 1; id <= 50; ++id) answers.push_back(start_write(insert(id)));
  probe_.wait_for_depth(50);
  held.release();
  for (auto& answer : answers) EXPECT_EQ(answer.get(), Result<std::int64_t>(1));
  EXPECT_EQ(probe_.batches(), (Batches{1, 50}));
  EXPECT_EQ(ids().size(), 50U);
}

TEST_F(SqliteTest, a_batch_is_bounded) {
  open({.batch_max = 20});
  Held held(*this);
  std::vector<std::future<Result<std::int64_t>>> answers;
  for (std::int64_t id = 1; id <= 50; ++id) answers.push_back(start_write(insert(id)));
  probe_.wait_for_depth(50);
  held.release();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(probe_.batches(), (Batches{1, 20, 20, 10}));
}

TEST_F(SqliteTest, an_error_undoes_only_its_own_write) {
  open();
  Held held(*this);
  auto first = start_write(insert(1));
  auto broken = start_write([](Transaction& tx) -> Status {
    WRIT_CHECK(tx.run("INSERT INTO notes (id, body) VALUES (77, x'00')"));
    WRIT_CHECK(tx.run("INSERT INTO notes (id, body) VALUES (1, x'00')"));
    return {};
  });
  auto last = start_write(insert(2));
  probe_.wait_for_depth(3);
  held.release();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(last.get());
  const auto refused = broken.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_EQ(refused.error().code, "unique_violation");
  EXPECT_EQ(ids(), (Ids{1, 2}));
  EXPECT_EQ(probe_.batches(), (Batches{1, 2}));
}

TEST_F(SqliteTest, a_row_that_refers_to_nothing_is_refused_and_its_neighbours_stay) {
  open();
  Held held(*this);
  auto good = start_write(insert(1));
  auto dangling = start_write([](Transaction& tx) { return tx.run("INSERT INTO links (note) VALUES (99)"); });
  probe_.wait_for_depth(2);
  held.release();
  EXPECT_TRUE(good.get());
  const auto refused = dangling.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "constraint");
  EXPECT_EQ(ids(), (Ids{1}));
}

TEST_F(SqliteTest, an_exception_of_the_work_reaches_the_caller_and_undoes_the_write) {
  open();
  const auto throws = [](Transaction& tx) -> Status {
    WRIT_CHECK(tx.run("INSERT INTO notes (id, body) VALUES (1, x'00')"));
    throw std::runtime_error("boom");
  };
  EXPECT_THROW(write(throws), std::runtime_error);
  EXPECT_EQ(ids(), Ids{});
}

TEST_F(SqliteTest, a_work_that_ends_the_transaction_is_a_defect_and_keeps_nothing_more) {
  open();
  const auto refused = write([](Transaction& tx) -> Status {
    WRIT_CHECK(tx.run("ROLLBACK"));
    WRIT_CHECK(tx.run("INSERT INTO notes (id, body) VALUES (1, x'00')"));
    return {};
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::internal);
  EXPECT_EQ(ids(), Ids{});
  EXPECT_TRUE(write(insert(2)));
}

TEST_F(SqliteTest, a_reader_sees_only_what_is_committed) {
  open();
  std::promise<void> inserted, go;
  auto answer = start_write([&inserted, gone = go.get_future().share()](Transaction& tx) -> Status {
    WRIT_CHECK(tx.run("INSERT INTO notes (id, body) VALUES (1, x'00')"));
    inserted.set_value();
    gone.wait();
    return {};
  });
  inserted.get_future().wait();
  EXPECT_EQ(ids(), Ids{});
  go.set_value();
  ASSERT_TRUE(answer.get());
  EXPECT_EQ(ids(), Ids{1});
}

TEST_F(SqliteTest, a_reader_cannot_write) {
  open();
  EXPECT_FALSE(read([](Reader& reader) { return reader.rows("DELETE FROM notes RETURNING id"); }));
}

TEST_F(SqliteTest, a_write_that_is_late_or_cancelled_never_begins) {
  open();
  std::stop_source stop;
  Context cancelled_ctx;
  cancelled_ctx.cancel = stop.get_token();
  Held held(*this);
  auto late = start_write(insert(1), Context{}.within(Millis{-1}));
  auto stopped = start_write(insert(2), cancelled_ctx);
  probe_.wait_for_depth(2);
  stop.request_stop();
  held.release();
  const auto late_answer = late.get(), stopped_answer = stopped.get();
  ASSERT_FALSE(late_answer);
  EXPECT_EQ(late_answer.error().kind, ErrorKind::deadline);
  EXPECT_EQ(late_answer.error().outcome, Outcome::not_sent);
  ASSERT_FALSE(stopped_answer);
  EXPECT_EQ(stopped_answer.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(stopped_answer.error().outcome, Outcome::not_sent);
  EXPECT_EQ(ids(), Ids{});
}

TEST_F(SqliteTest, a_write_that_waits_is_answered_when_its_time_is_over_and_never_begins) {
  open();
  Held held(*this);
  const auto late = write(insert(1), Context{}.within(Millis{20}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::deadline);
  EXPECT_EQ(late.error().outcome, Outcome::not_sent);
  held.release();
  EXPECT_EQ(ids(), Ids{});
}

TEST_F(SqliteTest, a_write_that_waits_is_answered_at_once_when_it_is_cancelled) {
  open();
  Held held(*this);
  std::stop_source stop;
  Context ctx;
  ctx.cancel = stop.get_token();
  auto stopped = start_write(insert(1), ctx);
  probe_.wait_for_depth(1);
  stop.request_stop();
  const auto answer = stopped.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(answer.error().outcome, Outcome::not_sent);
  held.release();
  EXPECT_EQ(ids(), Ids{});
}

TEST_F(SqliteTest, a_write_that_has_begun_is_of_unknown_outcome_when_its_time_is_over_and_is_kept) {
  open();
  std::promise<void> go;
  const auto late = write(
      [go = go.get_future().share()](Transaction& tx) -> Result<std::int64_t> {
        go.wait();
        return tx.run("INSERT INTO notes (id, body) VALUES (1, ?1)", Blob{"x"});
      },
      Context{}.within(Millis{20}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::deadline);
  EXPECT_EQ(late.error().outcome, Outcome::unknown);
  go.set_value();
  ASSERT_TRUE(write(insert(2)));
  EXPECT_EQ(ids(), (Ids{1, 2}));
}

TEST_F(SqliteTest, a_read_is_answered_when_its_time_is_over) {
  open({.readers = 1});
  std::promise<void> go;
  const auto hold = [go = go.get_future().share()](Reader&) -> Result<int> {
    go.wait();
    return 1;
  };
  const auto begun = loops_.run(database_->read(Context{}.within(Millis{20}), hold));
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().outcome, Outcome::unknown);
  const auto waiting = loops_.run(database_->read(Context{}.within(Millis{20}), hold));
  ASSERT_FALSE(waiting);
  EXPECT_EQ(waiting.error().outcome, Outcome::not_sent);
  go.set_value();
  EXPECT_EQ(ids(), Ids{});
}

TEST_F(SqliteTest, a_full_queue_refuses) {
  open({.queue_max = 2});
  Held held(*this);
  auto first = start_write(insert(1));
  auto second = start_write(insert(2));
  probe_.wait_for_depth(2);
  const auto refused = write(insert(3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(refused.error().code, "queue_full");
  EXPECT_EQ(refused.error().outcome, Outcome::not_sent);
  held.release();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
}

TEST_F(SqliteTest, closing_finishes_what_was_queued) {
  open();
  Held held(*this);
  std::vector<std::future<Result<std::int64_t>>> answers;
  for (std::int64_t id = 1; id <= 5; ++id) answers.push_back(start_write(insert(id)));
  probe_.wait_for_depth(5);
  held.release();
  open();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(ids().size(), 5U);
}

TEST_F(SqliteTest, a_second_opener_is_told_who_holds_the_data) {
  open();
  const auto second = open_sqlite(file(), notes_schema());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "data_in_use");
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos) << second.error().message;
  database_.reset();
  EXPECT_TRUE(open_sqlite(file(), notes_schema()));
}

TEST_F(SqliteTest, files_are_for_this_user_alone) {
  open();
  ASSERT_TRUE(write(insert(1)));
  using std::filesystem::perms;
  for (const auto& entry : std::filesystem::directory_iterator(file().parent_path()))
    EXPECT_EQ(entry.status().permissions() & (perms::group_all | perms::others_all), perms::none) << entry.path();
}

TEST_F(SqliteTest, a_changed_migration_stops_the_start_and_leaves_the_data_alone) {
  open();
  ASSERT_TRUE(write(insert(1)));
  database_.reset();
  auto changed = notes_schema();
  changed.front().sql += " ";
  const auto refused = open_sqlite(file(), changed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "migration_changed");
  open();
  EXPECT_EQ(ids(), Ids{1});
}

TEST_F(SqliteTest, a_failing_migration_leaves_the_ones_before_it) {
  auto more = notes_schema();
  more.push_back({"0002_bad", "CREATE TABLE half (id INTEGER) STRICT; CREATE TABLE notes (id INTEGER) STRICT;"});
  const auto refused = open_sqlite(file(), more);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("0002_bad"), std::string::npos);
  more.back().sql = "CREATE TABLE half (id INTEGER) STRICT;";  // nothing of the failed one is there
  EXPECT_TRUE(open_sqlite(file(), more));
}

TEST_F(SqliteTest, a_file_that_is_no_database_is_refused) {
  std::filesystem::create_directories(file().parent_path());
  std::ofstream(file()) << std::string(8192, 'z');
  const auto refused = open_sqlite(file(), notes_schema());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "storage_corrupt");
}

TEST_F(SqliteTest, every_bindable_type_comes_back_as_it_was) {
  const FixedClock clock;
  open({.clock = &clock});
  const auto seen = write([](Transaction& tx) -> Status {
    WRIT_CHECK(
        tx.run("CREATE TABLE kinds (a INTEGER, b REAL, c TEXT, d BLOB, e INTEGER, f TEXT, g INTEGER, h INTEGER, "
               "i TEXT, j INTEGER, k BLOB) STRICT"));
    const std::string text("nul\0inside", 10);
    WRIT_CHECK(tx.run("INSERT INTO kinds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                      std::numeric_limits<std::int64_t>::min(), 0.1, text, Blob{std::string("\0\xff", 2)}, true,
                      RunId("run_1"), MicroUsd{7}, tx.now(), std::nullopt, std::optional<int>(5), BlobView{""}));
    WRIT_TRY(const auto row, tx.row("SELECT * FROM kinds"));
    EXPECT_TRUE(row);
    const auto [a, b, c, d, e, f, g, h] =
        row->as<std::int64_t, double, std::string, Blob, bool, RunId, MicroUsd, WallTime>();
    EXPECT_EQ(a, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(b, 0.1);
    EXPECT_EQ(c, text);
    EXPECT_EQ(d.bytes, std::string("\0\xff", 2));
    EXPECT_TRUE(e);
    EXPECT_EQ(f, RunId("run_1"));
    EXPECT_EQ(g, MicroUsd{7});
    EXPECT_EQ(h, WallTime{Millis{1'700'000'000'123}});
    EXPECT_EQ(row->get<std::optional<std::string>>(8), std::nullopt);
    EXPECT_EQ(row->get<std::optional<int>>(9), 5);
    EXPECT_EQ(row->get<std::optional<Blob>>(10), Blob{});
    return {};
  });
  EXPECT_TRUE(seen) << seen.error().message;
}

TEST_F(SqliteTest, statements_that_are_not_one_or_lack_arguments_are_defects_not_crashes) {
  open();
  for (const std::string_view bad : {"SELECT 1; SELECT 2", "", "SELECT ?1", "SELEKT", "SELECT nothing FROM nowhere"}) {
    const auto refused = read([bad](Reader& reader) { return reader.rows(bad); });
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().kind, ErrorKind::internal) << bad;
  }
  const auto two = read([](Reader& reader) { return reader.row("SELECT 1 UNION SELECT 2"); });
  EXPECT_FALSE(two);
}

TEST_F(SqliteTest, more_statements_than_the_cache_holds_still_work) {
  open();
  const auto sum = read([](Reader& reader) -> Result<std::int64_t> {
    std::int64_t total = 0;
    for (int i = 0; i < 600; ++i) {
      WRIT_TRY(const auto row, reader.row("SELECT " + std::to_string(i)));
      total += row->get<std::int64_t>(0);
    }
    return total;
  });
  EXPECT_EQ(sum, Result<std::int64_t>(179'700));
}

}  // namespace
}  // namespace writ::sql
