#include "policy/audit_store.h"

#include <algorithm>
#include <limits>

#include "policy/constitution_store.h"

namespace writ::policy {
namespace {

// One writer per process: the shard is its lease, and there is one process today.
constexpr std::string_view only_shard = "s1";
// A record's data is kept as its canonical text: what was hashed is what is read.
constexpr std::string_view columns = "v, tenant, shard, seq, prev_hash, hash, at, kind, data, run_id, subject";

std::optional<std::string> unless_empty(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

AuditRecord record_of(const sql::Row& row) {
  AuditRecord record{.v = row.get<std::int64_t>(0),
                     .tenant = row.get<TenantId>(1),
                     .shard = row.get<std::string>(2),
                     .seq = row.get<std::int64_t>(3),
                     .prev_hash = row.get<std::string>(4),
                     .hash = row.get<std::string>(5),
                     .at = row.get<WallTime>(6),
                     .kind = row.get<std::string>(7),
                     .run_id = {},
                     .subject = {},
                     .data = {}};
  // Version 1 did not hash them: what nothing proves is not shown as part of the record.
  if (record.v != 1) {
    record.run_id = unless_empty(row.get<std::string>(9));
    record.subject = unless_empty(row.get<std::string>(10));
  }
  // Text that is no longer what was hashed leaves the data empty, and then the hash does not match.
  const auto text = row.get<std::string>(8);
  if (auto data = parse_json(text); data && data->is_object() && canonical_json(*data) == text)
    record.data = std::move(data->get_object());
  return record;
}

Result<std::vector<AuditRecord>> records_of(Result<std::vector<sql::Row>> rows) {
  if (!rows) return fail(std::move(rows).error());
  std::vector<AuditRecord> out;
  for (const auto& row : *rows) out.push_back(record_of(row));
  return out;
}

Result<std::vector<Head>> read_heads(sql::Reader& reader) {
  WRIT_TRY(const auto rows, reader.rows("SELECT tenant, shard, seq, hash FROM audit_heads ORDER BY tenant, shard"));
  std::vector<Head> heads;
  for (const auto& row : rows)
    heads.push_back({.tenant = row.get<TenantId>(0),
                     .shard = row.get<std::string>(1),
                     .seq = row.get<std::int64_t>(2),
                     .hash = row.get<std::string>(3)});
  return heads;
}

// What was signed last must still be there: each old head's record, and no chain shorter than it was.
Status check_signed(sql::Reader& reader, const std::vector<Head>& before, const std::vector<Head>& now) {
  for (const auto& old : before) {
    const auto same = std::ranges::find_if(
        now, [&](const Head& head) { return head.tenant == old.tenant && head.shard == old.shard; });
    if (same != now.end() && same->seq == old.seq && same->hash == old.hash) continue;
    WRIT_TRY(const auto row, reader.row("SELECT hash FROM audit WHERE tenant = ?1 AND shard = ?2 AND seq = ?3",
                                        old.tenant, old.shard, old.seq));
    if (same == now.end() || same->seq < old.seq || !row || row->get<std::string>(0) != old.hash)
      return fail(conflict("audit_rewritten", "the chain " + old.tenant.str() + "/" + old.shard +
                                                  " is not what was signed up to record " + std::to_string(old.seq) +
                                                  ": nothing is signed over it; see writ audit verify"));
  }
  return {};
}

}  // namespace

sql::Migration audit_migration() {
  return {.name = "policy/0002_audit", .sql = R"(
CREATE TABLE audit (
  tenant TEXT NOT NULL, shard TEXT NOT NULL, seq INTEGER NOT NULL, v INTEGER NOT NULL,
  prev_hash TEXT NOT NULL, hash TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
  data TEXT NOT NULL,    -- canonical JSON
  run_id TEXT NOT NULL,  -- '' when it is about no run
  PRIMARY KEY (tenant, shard, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_run ON audit (tenant, run_id, seq) WHERE run_id <> '';
CREATE TABLE audit_heads (
  tenant TEXT NOT NULL, shard TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (tenant, shard)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_appends (  -- facts of other services, each once
  tenant TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (n INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL) STRICT;
)"};
}

sql::Migration audit_format_migration() {
  return {.name = "policy/0004_audit_format_2", .sql = R"(
ALTER TABLE audit ADD COLUMN subject TEXT NOT NULL DEFAULT '';  -- who is behind it
ALTER TABLE releases ADD COLUMN told INTEGER NOT NULL DEFAULT 0;  -- the bound that the audit chain was told
CREATE TABLE checkpoint_lines (id INTEGER PRIMARY KEY CHECK (id = 1), written INTEGER NOT NULL) STRICT;
CREATE TABLE checkpoint_seal (
  id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, hash TEXT NOT NULL, mac BLOB NOT NULL
) STRICT;
)"};
}

Result<AuditRecord> append_record(sql::Transaction& tx, const TenantId& tenant, std::string_view kind,
                                  json::object data, const RecordAbout& about) {
  WRIT_TRY(const auto head,
           tx.row("SELECT seq, hash FROM audit_heads WHERE tenant = ?1 AND shard = ?2", tenant, only_shard));
  AuditRecord record{.v = audit_format,
                     .tenant = tenant,
                     .shard = std::string(only_shard),
                     .seq = head ? head->get<std::int64_t>(0) + 1 : 1,
                     .prev_hash = head ? head->get<std::string>(1) : std::string(genesis),
                     .hash = {},
                     .at = tx.now(),
                     .kind = std::string(kind),
                     .run_id = unless_empty(about.run_id),
                     .subject = unless_empty(about.subject),
                     .data = std::move(data)};
  record.hash = hash_of(record);
  WRIT_CHECK(
      tx.run("INSERT INTO audit (v, tenant, shard, seq, prev_hash, hash, at, kind, data, run_id, subject) VALUES (?1, "
             "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
             record.v, record.tenant, record.shard, record.seq, record.prev_hash, record.hash, record.at, record.kind,
             canonical_json(record.data), about.run_id, about.subject));
  WRIT_CHECK(
      tx.run("INSERT INTO audit_heads (tenant, shard, seq, hash) VALUES (?1, ?2, ?3, ?4) "
             "ON CONFLICT (tenant, shard) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
             record.tenant, record.shard, record.seq, record.hash));
  return record;
}

Result<AuditPage> read_page(sql::Reader& reader, const TenantId& tenant, const ListAudit& query) {
  // A filter without an index looks at a bounded stretch of the chain; a run has its index.
  const bool filtered = query.kind || query.subject || query.since || query.until;
  const auto upto = filtered && !query.run_id ? query.after + scanned_max : std::numeric_limits<std::int64_t>::max();
  const auto sql =
      "SELECT " + std::string(columns) + " FROM audit WHERE tenant = ?1 AND shard = ?2 AND seq > ?3 AND seq <= ?5" +
      (query.run_id ? " AND run_id = ?6" : " AND ?6 = ''") + (query.kind ? " AND kind = ?7" : " AND ?7 = ''") +
      (query.subject ? " AND subject = ?8" : " AND ?8 = ''") + " AND at >= ?9 AND at < ?10" + " ORDER BY seq LIMIT ?4";
  AuditPage page;
  WRIT_TRY(page.records,
           records_of(reader.rows(sql, tenant, only_shard, query.after, query.limit, upto, query.run_id.value_or(""),
                                  query.kind.value_or(""), query.subject.value_or(""), query.since.value_or(WallTime{}),
                                  query.until.value_or(WallTime::max()))));
  if (static_cast<std::int64_t>(page.records.size()) == query.limit) {
    page.next = page.records.back().seq;
  } else if (filtered && !query.run_id) {
    WRIT_TRY(const auto last, last_seq(reader, tenant.str(), only_shard));
    if (last > upto) page.next = upto;
  }
  return page;
}

Result<std::vector<AuditRecord>> read_chain(sql::Reader& reader, std::string_view tenant, std::string_view shard,
                                            std::int64_t after, std::int64_t upto, std::int64_t limit) {
  const auto sql = "SELECT " + std::string(columns) +
                   " FROM audit WHERE tenant = ?1 AND shard = ?2 AND seq > ?3 AND seq <= ?4 ORDER BY seq LIMIT ?5";
  return records_of(reader.rows(sql, tenant, shard, after, upto, limit));
}

Result<std::vector<StoredCheckpoint>> read_checkpoints(sql::Reader& reader, std::int64_t after, std::int64_t limit) {
  WRIT_TRY(const auto rows,
           reader.rows("SELECT n, document FROM checkpoints WHERE n > ?1 ORDER BY n LIMIT ?2", after, limit));
  std::vector<StoredCheckpoint> out;
  for (const auto& row : rows) out.push_back({.number = row.get<std::int64_t>(0), .text = row.get<std::string>(1)});
  return out;
}

Result<std::optional<ChainName>> next_chain(sql::Reader& reader, const std::optional<ChainName>& after,
                                            const std::optional<TenantId>& only) {
  const auto [tenant, shard] = after.value_or(ChainName{only ? only->str() : "", ""});
  WRIT_TRY(const auto row, reader.row("SELECT tenant, shard FROM audit WHERE (tenant, shard) > (?1, ?2) ORDER BY "
                                      "tenant, shard LIMIT 1",
                                      tenant, shard));
  if (!row || (only && row->get<std::string>(0) != only->str())) return std::nullopt;
  return ChainName{row->get<std::string>(0), row->get<std::string>(1)};
}

Result<std::int64_t> last_seq(sql::Reader& reader, std::string_view tenant, std::string_view shard) {
  WRIT_TRY(
      const auto row,
      reader.row("SELECT seq FROM audit WHERE tenant = ?1 AND shard = ?2 ORDER BY seq DESC LIMIT 1", tenant, shard));
  return row ? row->get<std::int64_t>(0) : 0;
}

Result<std::optional<StoredCheckpoint>> newest_checkpoint(sql::Reader& reader) {
  WRIT_TRY(const auto row, reader.row("SELECT n, document FROM checkpoints ORDER BY n DESC LIMIT 1"));
  if (!row) return std::nullopt;
  return StoredCheckpoint{.number = row->get<std::int64_t>(0), .text = row->get<std::string>(1)};
}

Result<std::optional<StoredCheckpoint>> next_checkpoint(sql::Transaction& tx, const crypto::SigningKey& key) {
  WRIT_TRY(auto heads, read_heads(tx));
  if (heads.empty()) return std::nullopt;
  WRIT_TRY(const auto newest, newest_checkpoint(tx));
  std::string previous(genesis);
  if (newest) {
    auto before = read_checkpoint(newest->text);
    if (!before)
      return fail(conflict("audit_rewritten", "the newest checkpoint cannot be read: nothing is signed on it"));
    if (schema::encode(before->heads) == schema::encode(heads)) return std::nullopt;
    WRIT_CHECK(check_signed(tx, before->heads, heads));
    previous = hash_of(*before);
  }
  const auto number = newest ? newest->number + 1 : 1;
  WRIT_TRY(const auto signed_one, sign_checkpoint(number, tx.now(), std::move(previous), std::move(heads), key));
  StoredCheckpoint out{.number = number, .text = to_text(schema::encode(signed_one))};
  WRIT_CHECK(tx.run("INSERT INTO checkpoints (n, document) VALUES (?1, ?2)", out.number, out.text));
  return out;
}

Result<std::int64_t> lines_written(sql::Reader& reader) {
  WRIT_TRY(const auto row, reader.row("SELECT written FROM checkpoint_lines WHERE id = 1"));
  return row ? row->get<std::int64_t>(0) : 0;
}

Status set_lines_written(sql::Transaction& tx, std::int64_t number) {
  WRIT_CHECK(
      tx.run("INSERT INTO checkpoint_lines (id, written) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET written = "
             "excluded.written WHERE excluded.written > written",
             number));
  return {};
}

Result<bool> was_recorded(sql::Reader& reader) {
  WRIT_TRY(const auto row, reader.row("SELECT EXISTS (SELECT 1 FROM decisions)"));
  if (row->get<std::int64_t>(0) != 0) return true;
  return was_any_accepted(reader);
}

Result<std::optional<Seal>> read_seal(sql::Reader& reader) {
  WRIT_TRY(const auto row, reader.row("SELECT number, hash, mac FROM checkpoint_seal WHERE id = 1"));
  if (!row) return std::nullopt;
  return Seal{
      .number = row->get<std::int64_t>(0), .hash = row->get<std::string>(1), .mac = row->get<sql::Blob>(2).bytes};
}

Status put_seal(sql::Transaction& tx, const Seal& seal) {
  WRIT_CHECK(
      tx.run("INSERT INTO checkpoint_seal (id, number, hash, mac) VALUES (1, ?1, ?2, ?3) ON CONFLICT (id) DO "
             "UPDATE SET number = excluded.number, hash = excluded.hash, mac = excluded.mac",
             seal.number, seal.hash, sql::Blob{seal.mac}));
  return {};
}

}  // namespace writ::policy
