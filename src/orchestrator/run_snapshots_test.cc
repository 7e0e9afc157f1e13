#include "orchestrator/run_snapshots.h"

#include <gtest/gtest.h>

#include "async/loops.h"
#include "core/scratch_folder.h"
#include "orchestrator/run_history.h"
#include "sql/sqlite.h"

namespace writ::orchestrator {
namespace {

using policy::Verdict;

/// A run in the database that calls one tool after another.
class RunSnapshots : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = sql::open_sqlite(folder_.path() / "orchestrator.db", orchestrator_migrations(), {});
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = std::move(*opened);
    const auto started = std::get<RunStarted>(history_.events.front().data);
    write([&](sql::Transaction& tx) -> Status {
      WRIT_CHECK(tables::insert_session(tx, tenant_, started.subject, {.id = started.session_id}));
      return tables::insert_run(tx, content_, tenant_, started.session_id, started.subject,
                                {.id = run_, .started = started});
    });
    for (int i = 0; i < 10; ++i)
      history_.start_model().output({{"call_1", "save", "{}"}}).decide_tool(Verdict::allow).start_tool().tool_result();
  }

  void write(const std::function<Status(sql::Transaction&)>& work) {
    const auto written = loops_.run(database_->write(ctx(), work));
    ASSERT_TRUE(written) << written.error().message;
  }
  void sql(std::string_view statement) {
    write([&](sql::Transaction& tx) -> Status {
      WRIT_CHECK(tx.run(statement));
      return {};
    });
  }
  /// Stores the history's events from `first` on, one commit each.
  void store(std::size_t first = 1) {
    for (auto i = first; i < history_.events.size(); ++i)
      write([&](sql::Transaction& tx) -> Status {
        WRIT_TRY(const auto row, tables::find_row(tx, tenant_, run_));
        WRIT_TRY(auto state, tables::read_state(tx, tenant_, run_));
        const auto& event = history_.events[i];
        WRIT_CHECK(
            tables::write_events(tx, content_, row, std::move(state), {event.data}, event.at, tables::Write::by_host));
        return {};
      });
  }
  RunState stored() {
    auto state = loops_.run(
        database_->read(ctx(), [&](sql::Reader& reader) { return tables::read_state(reader, tenant_, run_); }));
    EXPECT_TRUE(state) << state.error().message;
    return state.value_or(RunState{});
  }
  std::optional<std::int64_t> snapshot_seq() {
    auto row = loops_.run(
        database_->read(ctx(), [&](sql::Reader& reader) { return reader.row("SELECT seq FROM run_snapshots"); }));
    EXPECT_TRUE(row);
    return row && *row ? std::optional((*row)->get<std::int64_t>(0)) : std::nullopt;
  }
  static Context ctx() { return Context{}.within(Seconds{30}); }

  ScratchFolder folder_;
  async::Loops loops_{1};
  const content::ContentStore content_ = *content::ContentStore::make(Secret(std::string(32, 'k')));
  const TenantId tenant_{"acme"};
  const RunId run_{"run_1"};
  std::unique_ptr<sql::Database> database_;
  RunHistory history_ = [] {
    RunHistory history({.steps = 50, .tokens = Tokens{10'000}, .wall_ms = 60'000});
    history.decide_start(Verdict::allow);
    return history;
  }();
};

TEST_F(RunSnapshots, a_long_run_is_read_from_its_last_snapshot_and_the_events_after_it) {
  store();
  const auto whole = stored();
  EXPECT_EQ(whole.last_seq, std::ssize(history_.events));
  EXPECT_EQ(whole.turns.size(), 20U);
  ASSERT_EQ(snapshot_seq(), tables::snapshot_every);
  sql("DELETE FROM events WHERE seq <= 32");  // what the snapshot has taken in is not read again
  EXPECT_EQ(schema::encode(stored()), schema::encode(whole));
}

TEST_F(RunSnapshots, a_snapshot_of_another_layout_or_reducer_is_passed_over) {
  store();
  const auto whole = schema::encode(stored());
  sql("UPDATE run_snapshots SET state = '{}', layout = layout + 1");
  EXPECT_EQ(schema::encode(stored()), whole);
  sql("UPDATE run_snapshots SET layout = layout - 1, reducer = reducer + 1");
  EXPECT_EQ(schema::encode(stored()), whole);
}

TEST_F(RunSnapshots, a_run_that_has_ended_keeps_none) {
  store();
  ASSERT_TRUE(snapshot_seq());
  const auto before = history_.events.size();
  history_.cancel().finish();
  store(before);
  EXPECT_EQ(stored().stage, RunState::Stage::ended);
  EXPECT_FALSE(snapshot_seq());
}

}  // namespace
}  // namespace writ::orchestrator
