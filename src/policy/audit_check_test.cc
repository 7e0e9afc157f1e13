#include "policy/audit_check.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "async/loops.h"
#include "core/scratch_folder.h"
#include "policy/audit_folder.h"
#include "policy/policy_store.h"
#include "sql/sqlite.h"

namespace writ::policy {
namespace {

using Lines = std::vector<std::string>;

/// A folder with an audit of two tenants, three checkpoints and their lines, and somebody who changes it.
class AuditCheckTest : public testing::Test {
 protected:
  AuditCheckTest() : key_(*crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random())) {
    keys_.add(key_.public_key());
    reopen();
    EXPECT_TRUE(loops_.run(store_->put_sealed_ring({}, "sealed", seal_.of(0, std::string(genesis)))));
    for (int round = 0; round < 3; ++round) {
      for (int n = 0; n < 4; ++n) append(n == 3 ? "globex" : "acme");
      checkpoint();
    }
  }
  void reopen() {
    store_.reset();
    database_.reset();
    database_ = *sql::open_sqlite(database_file(), policy_migrations());
    store_ = std::make_unique<PolicyStore>(*database_);
  }
  void append(const std::string& tenant) {
    const auto id = "fact-" + std::to_string(++facts_);
    const auto appended = loops_.run(store_->append({}, {.tenant = TenantId(tenant),
                                                         .id = id,
                                                         .kind = "run.finished",
                                                         .data = {{"run_id", "run_1"}, {"n", facts_}},
                                                         .subject = "ann"}));
    ASSERT_TRUE(appended) << appended.error().message;
  }
  Result<std::optional<StoredCheckpoint>> sign() { return loops_.run(store_->checkpoint({}, key_, seal_)); }
  Result<CheckpointFile::Appended> write_lines() {
    const auto lines = *loops_.run(store_->unwritten({}));
    auto appended = CheckpointFile(lines_file()).append(lines.rows, lines.written, lines.last);
    if (appended && !lines.rows.empty()) EXPECT_TRUE(loops_.run(store_->written({}, lines.rows.back().number)));
    return appended;
  }
  void checkpoint() {
    const auto made = sign();
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(write_lines());
  }
  AuditReport verify(std::optional<TenantId> only = {}, std::optional<std::pair<std::int64_t, std::string>> head = {}) {
    AuditCheck check({.checkpoints = lines_file(), .keys = keys_, .only = std::move(only), .expected = std::move(head)},
                     seal_);
    const auto look = [&](auto step) {
      return loops_.run(store_->look({}, [&check, step](sql::Reader& reader) { return (check.*step)(reader); }));
    };
    EXPECT_TRUE(look(&AuditCheck::begin));
    for (check.check(); !check.done(); check.check()) EXPECT_TRUE(look(&AuditCheck::read));
    return check.report();
  }
  /// The codes of what is found.
  std::vector<std::string> found() {
    std::vector<std::string> out;
    for (const auto& finding : verify().findings) out.push_back(finding.code);
    return out;
  }
  void change(const std::string& sql) {
    const auto changed = loops_.run(database_->write({}, [sql](sql::Transaction& tx) { return tx.run(sql); }));
    ASSERT_TRUE(changed) << changed.error().message << changed.error().where;
    ASSERT_GT(*changed, 0) << sql;
  }
  Lines read_lines() {
    Lines out;
    std::ifstream in(lines_file());
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  void put_lines(const Lines& lines) {
    std::ofstream out(lines_file(), std::ios::trunc);
    for (const auto& line : lines) out << line << '\n';
  }
  /// Record 5 of acme as it was.
  void keep() {
    kept_ =
        loops_
            .run(database_->read({},
                                 [](sql::Reader& reader) {
                                   return reader.row(
                                       "SELECT run_id, subject, kind, at, data, hash, prev_hash, v FROM audit WHERE "
                                       "tenant = 'acme' AND seq = 5");
                                 }))
            ->value();
  }
  void restore() {
    const auto row = *kept_;
    ASSERT_TRUE(loops_.run(database_->write({}, [row](sql::Transaction& tx) {
      return tx.run(
          "UPDATE audit SET run_id = ?1, subject = ?2, kind = ?3, at = ?4, data = ?5, hash = ?6, prev_hash = ?7, "
          "v = ?8 WHERE tenant = 'acme' AND seq = 5",
          row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2), row.get<std::int64_t>(3),
          row.get<std::string>(4), row.get<std::string>(5), row.get<std::string>(6), row.get<std::int64_t>(7));
    })));
  }
  /// Everything of one tenant from a record on is made anew, with right hashes and heads.
  void rewrite_from(std::int64_t seq) {
    const auto rewritten = loops_.run(database_->write({}, [seq](sql::Transaction& tx) -> Status {
      WRIT_TRY(auto records, read_chain(tx, "acme", "s1", seq - 2, 1000, 1000));
      for (std::size_t i = 1; i < records.size(); ++i) {
        auto& record = records[i];
        record.data["n"] = 99;
        record.prev_hash = records[i - 1].hash;
        record.hash = hash_of(record);
        WRIT_CHECK(tx.run("UPDATE audit SET data = ?2, prev_hash = ?3, hash = ?4 WHERE tenant = 'acme' AND seq = ?1",
                          record.seq, canonical_json(record.data), record.prev_hash, record.hash));
        WRIT_CHECK(tx.run("UPDATE audit_heads SET hash = ?1 WHERE tenant = 'acme'", record.hash));
      }
      return {};
    }));
    ASSERT_TRUE(rewritten) << rewritten.error().message;
  }
  std::filesystem::path database_file() const { return folder_.path() / "policy.db"; }
  std::filesystem::path lines_file() const { return folder_.path() / "checkpoints.jsonl"; }

  ScratchFolder folder_;
  async::Loops loops_{1};
  crypto::SigningKey key_;
  crypto::KeySet keys_;
  CheckpointSeal seal_{Secret(std::string(32, 'k'))};
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<PolicyStore> store_;
  int facts_ = 0;
  std::optional<sql::Row> kept_;
};

using Codes = std::vector<std::string>;

TEST_F(AuditCheckTest, a_whole_audit_holds_and_what_is_newer_than_the_last_checkpoint_is_said) {
  append("acme");
  const auto report = verify();
  EXPECT_TRUE(report.ok) << report.problems.front();
  EXPECT_EQ(report.records, 13);
  EXPECT_EQ(report.checkpoints, 3);
  EXPECT_EQ(report.uncovered, 1);
  EXPECT_EQ(report.head_number, 3);
  EXPECT_EQ(verify(TenantId("globex")).records, 3);
}

TEST_F(AuditCheckTest, every_changed_column_of_a_row_is_found_at_its_place) {
  keep();
  const auto columns = {"run_id", "subject", "kind", "at", "data", "hash", "prev_hash", "v"};
  for (const auto* column : columns) {
    for (const auto* value : {"'x'", "''", "'{}'", "7", "data || ' '"}) {
      const std::string where = " WHERE tenant = 'acme' AND seq = 5";
      const auto changed = loops_.run(database_->write({}, [&](sql::Transaction& tx) -> Result<std::int64_t> {
        return tx.run(std::string("UPDATE OR IGNORE audit SET ") + column + " = " + value + where + " AND " + column +
                      " <> " + value);
      }));
      if (!changed || *changed == 0) continue;  // another type, or the same value
      const auto report = verify();
      ASSERT_FALSE(report.ok) << column << value;
      EXPECT_EQ(report.findings.front().tenant, TenantId("acme")) << column << value;
      EXPECT_EQ(report.findings.front().shard, "s1") << column << value;
      EXPECT_EQ(report.findings.front().seq, 5) << column << value;
      restore();
      ASSERT_TRUE(verify().ok) << column << value;
    }
  }
}

TEST_F(AuditCheckTest, a_removed_row_a_cut_tail_and_a_missing_chain_are_found) {
  change("DELETE FROM audit WHERE tenant = 'acme' AND seq = 4");
  EXPECT_EQ(found().front(), "records_missing");
  change("DELETE FROM audit WHERE tenant = 'acme' AND seq > 7");
  EXPECT_EQ(found(), (Codes{"records_missing", "tail_cut"}));
  change("DELETE FROM audit WHERE tenant = 'globex'");
  EXPECT_EQ(found(), (Codes{"chain_missing", "records_missing", "tail_cut"}));
}

TEST_F(AuditCheckTest, a_history_with_new_hashes_is_found_and_nothing_is_signed_over_it) {
  rewrite_from(5);
  EXPECT_EQ(found(), Codes{"chain_rewritten"});
  append("acme");
  const auto made = sign();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "audit_rewritten");
}

TEST_F(AuditCheckTest, a_history_with_new_hashes_and_without_its_checkpoints_is_found_and_not_signed) {
  rewrite_from(2);
  change("DELETE FROM checkpoints");
  change("DELETE FROM checkpoint_lines");
  put_lines({});
  EXPECT_EQ(found(), Codes{"seal_broken"});
  EXPECT_EQ(sign().error().code, "audit_rewritten");
  change("DELETE FROM checkpoint_seal");
  EXPECT_EQ(found(), Codes{"seal_broken"});
  EXPECT_EQ(sign().error().code, "audit_rewritten");
  std::filesystem::remove(lines_file());
  EXPECT_EQ(found(), Codes{"seal_broken"});
  // A seal of another secret is none.
  const auto forged = CheckpointSeal(Secret(std::string(32, 'f'))).of(0, std::string(genesis));
  ASSERT_TRUE(loops_.run(database_->write({}, [forged](sql::Transaction& tx) { return put_seal(tx, forged); })));
  EXPECT_EQ(found(), Codes{"seal_broken"});
}

TEST_F(AuditCheckTest, an_audit_that_was_emptied_is_found_by_what_it_was_about) {
  change(
      "INSERT INTO constitutions (version, hash, kid, signed_text, valid_from, accepted_at) VALUES (1, '', '', '', 0, "
      "0)");
  for (const auto* table :
       {"audit", "audit_heads", "audit_appends", "checkpoints", "checkpoint_lines", "checkpoint_seal"})
    change(std::string("DELETE FROM ") + table);
  std::filesystem::remove(lines_file());
  EXPECT_EQ(found(), Codes{"seal_broken"});
  change("DELETE FROM constitutions");
  EXPECT_EQ(found(), Codes{}) << "nothing was ever decided here";
}

TEST_F(AuditCheckTest, removed_exchanged_and_edited_checkpoints_are_found) {
  change("UPDATE checkpoints SET n = 9 WHERE n = 2");
  EXPECT_FALSE(found().empty());
  change("UPDATE checkpoints SET n = 2 WHERE n = 9");
  EXPECT_EQ(found(), Codes{});
  change("DELETE FROM checkpoints WHERE n = 2");
  EXPECT_EQ(found(), (Codes{"line_doubled", "checkpoints_missing"}));
  change("DELETE FROM checkpoints WHERE n = 3");
  const auto cut = found();
  EXPECT_EQ(cut.front(), "seal_broken");
  EXPECT_EQ(std::ranges::count(cut, "row_missing"), 2);
}

TEST_F(AuditCheckTest, lines_that_are_missing_edited_swapped_doubled_or_foreign_are_found_with_their_place) {
  const auto whole = read_lines();
  ASSERT_EQ(whole.size(), 3U);
  std::filesystem::remove(lines_file());
  EXPECT_EQ(found(), Codes{"file_missing"});
  put_lines({whole[0], whole[1]});
  EXPECT_EQ(found(), Codes{"line_missing"});
  put_lines({whole[0], whole[2]});
  EXPECT_EQ(found(), Codes{"line_missing"});
  put_lines({whole[1], whole[2]});
  EXPECT_EQ(found(), Codes{"line_missing"});
  put_lines({});
  EXPECT_EQ(found(), (Codes{"line_missing", "line_missing", "line_missing"}));
  put_lines({whole[0], whole[2], whole[1]});
  EXPECT_EQ(found(), (Codes{"line_missing", "row_missing"}));
  put_lines({whole[0], whole[1], whole[1], whole[2]});
  EXPECT_EQ(found(), Codes{"line_doubled"});
  put_lines({whole[0], "nonsense", whole[1], whole[2]});
  const auto report = verify();
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings.front().code, "line_unreadable");
  EXPECT_EQ(report.findings.front().file, "checkpoints.jsonl");
  EXPECT_EQ(report.findings.front().line, 2);
  auto edited = whole;
  edited[1].replace(edited[1].find("\"seq\":"), 7, "\"seq\":9");
  put_lines(edited);
  EXPECT_EQ(found(), Codes{"line_edited"});
  put_lines({whole[0], whole[1], whole[2], "more"});
  EXPECT_EQ(found(), Codes{"line_unreadable"});
  put_lines(whole);
  EXPECT_EQ(found(), Codes{});
}

TEST_F(AuditCheckTest, a_database_that_was_set_back_is_found_by_the_lines) {
  const auto lines = read_lines();
  change("DELETE FROM checkpoints WHERE n = 3");
  const auto seal = seal_.of(2, hash_of(*read_checkpoint(lines[1])));  // as an older copy of the database had it
  ASSERT_TRUE(loops_.run(database_->write({}, [seal](sql::Transaction& tx) { return put_seal(tx, seal); })));
  EXPECT_EQ(found(), Codes{"row_missing"});
  // With the lines set back, too, only a head that was noted down elsewhere tells.
  put_lines({lines[0], lines[1]});
  change("UPDATE checkpoint_lines SET written = 2");
  EXPECT_TRUE(verify().ok);
  const auto report = verify({}, std::pair(std::int64_t{3}, hash_of(*read_checkpoint(lines[2]))));
  ASSERT_FALSE(report.ok);
  EXPECT_EQ(report.findings.front().code, "not_as_expected");
}

TEST_F(AuditCheckTest, a_line_that_a_crash_left_out_or_cut_is_written_whole) {
  append("acme");
  ASSERT_TRUE(sign());
  EXPECT_EQ(found(), Codes{}) << "its line is on its way";
  const auto row = loops_.run(store_->unwritten({}))->rows.front().text;
  ASSERT_TRUE(write_lines());
  EXPECT_EQ(read_lines().back(), row);
  // Cut in the middle, after and before its number was noted.
  for (const bool noted : {true, false}) {
    auto lines = read_lines();
    lines.pop_back();
    put_lines(lines);
    std::ofstream(lines_file(), std::ios::app) << row.substr(0, 40);
    change(noted ? "UPDATE checkpoint_lines SET written = 4" : "UPDATE checkpoint_lines SET written = 3");
    EXPECT_EQ(found(), noted ? Codes{"line_torn"} : Codes{});
    const auto repaired = write_lines();
    ASSERT_TRUE(repaired);
    EXPECT_TRUE(repaired->repaired);
    EXPECT_FALSE(repaired->damaged);
    EXPECT_EQ(read_lines().back(), row);
    EXPECT_EQ(read_lines().size(), 4U);
    EXPECT_EQ(found(), Codes{});
  }
  // Written, and the crash came before the number was noted: it is not written twice.
  change("UPDATE checkpoint_lines SET written = 3");
  ASSERT_TRUE(write_lines());
  EXPECT_EQ(read_lines().size(), 4U);
  EXPECT_EQ(found(), Codes{});
}

TEST_F(AuditCheckTest, lines_that_somebody_took_away_are_not_put_back_in_silence) {
  auto lines = read_lines();
  put_lines({lines[0]});
  append("acme");
  ASSERT_TRUE(sign());
  const auto appended = write_lines();
  ASSERT_TRUE(appended);
  EXPECT_TRUE(appended->damaged);
  EXPECT_EQ(found(), (Codes{"line_missing", "line_missing"}));
}

TEST_F(AuditCheckTest, lines_are_missed_although_the_database_says_that_they_were_never_written) {
  put_lines({read_lines()[0]});
  change("UPDATE checkpoint_lines SET written = 1");
  EXPECT_EQ(found(), Codes{"line_missing"});  // of the second; the third could be on its way
}

TEST_F(AuditCheckTest, a_verification_of_a_folder_writes_nothing) {
  store_.reset();
  database_.reset();
  const auto files = [&] {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::ifstream in(entry.path(), std::ios::binary);
      out[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    return out;
  };
  const auto before = files();
  const auto report = verify_folder(
      {.database = database_file(), .checkpoints = lines_file(), .key_secret = Secret(std::string(32, 'k'))}, keys_, {},
      [](const AuditReport&) { return true; });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->ok);
  EXPECT_EQ(report->records, 12);
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace writ::policy
