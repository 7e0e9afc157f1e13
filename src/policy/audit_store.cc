#include "policy/audit_store.h"

namespace writ::policy {
namespace {

// One writer per process: the shard is its lease, and there is one process today.
constexpr std::string_view only_shard = "s1";
// A record's data is kept as its canonical text: what was hashed is what is read.
constexpr std::string_view columns = "v, tenant, shard, seq, prev_hash, hash, at, kind, data";

AuditRecord record_of(const sql::Row& row) {
  AuditRecord record{.v = row.get<std::int64_t>(0),
                     .tenant = row.get<TenantId>(1),
                     .shard = row.get<std::string>(2),
                     .seq = row.get<std::int64_t>(3),
                     .prev_hash = row.get<std::string>(4),
                     .hash = row.get<std::string>(5),
                     .at = row.get<WallTime>(6),
                     .kind = row.get<std::string>(7),
                     .data = {}};
  // Text that is no longer JSON leaves the data empty, and then the hash does not match.
  if (auto data = parse_json(row.get<std::string>(8)); data && data->is_object())
    record.data = std::move(data->get_object());
  return record;
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

Result<AuditRecord> append_record(sql::Transaction& tx, const TenantId& tenant, std::string_view kind,
                                  json::object data, std::string_view run_id) {
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
                     .data = std::move(data)};
  record.hash = hash_of(record);
  WRIT_CHECK(
      tx.run("INSERT INTO audit (v, tenant, shard, seq, prev_hash, hash, at, kind, data, run_id) VALUES (?1, ?2, ?3, "
             "?4, ?5, ?6, ?7, ?8, ?9, ?10)",
             record.v, record.tenant, record.shard, record.seq, record.prev_hash, record.hash, record.at, record.kind,
             canonical_json(record.data), run_id));
  WRIT_CHECK(
      tx.run("INSERT INTO audit_heads (tenant, shard, seq, hash) VALUES (?1, ?2, ?3, ?4) "
             "ON CONFLICT (tenant, shard) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
             record.tenant, record.shard, record.seq, record.hash));
  return record;
}

Result<AuditPage> read_page(sql::Reader& reader, const TenantId& tenant, const ListAudit& query) {
  const auto sql = "SELECT " + std::string(columns) + " FROM audit WHERE tenant = ?1 AND shard = ?2 AND seq > ?3" +
                   (query.run_id ? " AND run_id = ?5" : " AND ?5 = ''") + " ORDER BY seq LIMIT ?4";
  WRIT_TRY(const auto rows, reader.rows(sql, tenant, only_shard, query.after, query.limit, query.run_id.value_or("")));
  AuditPage page;
  for (const auto& row : rows) page.records.push_back(record_of(row));
  if (static_cast<std::int64_t>(page.records.size()) == query.limit) page.next = page.records.back().seq;
  return page;
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

Status put_checkpoint(sql::Transaction& tx, const Checkpoint& checkpoint) {
  WRIT_CHECK(tx.run("INSERT INTO checkpoints (document) VALUES (?1)", to_text(schema::encode(checkpoint))));
  return {};
}

Result<AuditReport> verify_all(sql::Reader& reader, const crypto::KeySet& keys, const std::vector<Checkpoint>& outside,
                               const std::optional<TenantId>& only) {
  AuditVerifier verifier(keys, only);
  constexpr std::int64_t page = 1000;
  // Chains are read from the records themselves, not from the table of heads, which a forger could have adjusted too.
  WRIT_TRY(const auto chains, reader.rows("SELECT DISTINCT tenant, shard FROM audit ORDER BY tenant, shard"));
  for (const auto& chain : chains) {
    if (only && chain.get<TenantId>(0) != *only) continue;
    std::int64_t after = 0;
    for (;;) {
      WRIT_TRY(const auto rows, reader.rows("SELECT v, tenant, shard, seq, prev_hash, hash, at, kind, data FROM audit "
                                            "WHERE tenant = ?1 AND shard = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4",
                                            chain.get<std::string>(0), chain.get<std::string>(1), after, page));
      for (const auto& row : rows) verifier.take(record_of(row));
      if (rows.empty()) break;
      after = rows.back().get<std::int64_t>(3);
    }
  }
  WRIT_TRY(const auto rows, reader.rows("SELECT document FROM checkpoints ORDER BY n"));
  for (const auto& row : rows) {
    const auto document = parse_json(row.get<std::string>(0));
    const auto checkpoint =
        document ? schema::decode<Checkpoint>(*document) : Result<Checkpoint>(fail(document.error()));
    verifier.take(checkpoint ? *checkpoint : Checkpoint{});
  }
  for (const auto& checkpoint : outside) verifier.take(checkpoint);
  return verifier.report();
}

}  // namespace writ::policy
