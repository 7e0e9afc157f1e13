// SQL of the audit chain and its checkpoints.
#pragma once

#include "policy/audit_chain.h"
#include "policy/audit_walk.h"
#include "sql/database.h"
#include "sql/migration.h"

namespace writ::policy {

[[nodiscard]] sql::Migration audit_migration();
/// Format 2: who is behind a record, how far the lines outside are known to be, the seal, and what of a release is told.
[[nodiscard]] sql::Migration audit_format_migration();

inline constexpr std::string_view platform_tenant = "writ";  // whose chain holds what is nobody's own

/// About whom and what a record is, beside its facts.
struct RecordAbout {
  std::string run_id;  // "" when it is about no run
  std::string subject;  // who is behind it; "" when nobody is
};
/// Adds the next record of the tenant's chain inside the caller's transaction. Errors: those of Transaction::run.
[[nodiscard]] Result<AuditRecord> append_record(sql::Transaction& tx, const TenantId& tenant, std::string_view kind,
                                                json::object data, const RecordAbout& about);
/// At most query.limit records, found among the next `scanned_max`; `next` unless the chain ends there.
[[nodiscard]] Result<AuditPage> read_page(sql::Reader& reader, const TenantId& tenant, const ListAudit& query);
inline constexpr std::int64_t scanned_max = 10'000;  // rows that a filter may look at in one read

/// Whether the database holds what is only ever written together with a record.
[[nodiscard]] Result<bool> was_recorded(sql::Reader& reader);

// ---- what AuditWalk reads
/// Records with after < seq <= upto, at most `limit`.
[[nodiscard]] Result<std::vector<AuditRecord>> read_chain(sql::Reader& reader, std::string_view tenant,
                                                          std::string_view shard, std::int64_t after, std::int64_t upto,
                                                          std::int64_t limit);
[[nodiscard]] Result<std::vector<StoredCheckpoint>> read_checkpoints(sql::Reader& reader, std::int64_t after,
                                                                     std::int64_t limit);
using ChainName = std::pair<std::string, std::string>;  // tenant, shard
[[nodiscard]] Result<std::optional<ChainName>> next_chain(sql::Reader& reader, const std::optional<ChainName>& after,
                                                          const std::optional<TenantId>& only);
[[nodiscard]] Result<std::int64_t> last_seq(sql::Reader& reader, std::string_view tenant, std::string_view shard);

// ---- checkpoints
[[nodiscard]] Result<std::optional<StoredCheckpoint>> newest_checkpoint(sql::Reader& reader);
/// Makes, signs and stores the next checkpoint; nothing when no head has changed.
/// Errors: conflict (audit_rewritten): what was signed before is no longer there, so nothing is signed over it.
[[nodiscard]] Result<std::optional<StoredCheckpoint>> next_checkpoint(sql::Transaction& tx,
                                                                      const crypto::SigningKey& key);
/// The number of the newest checkpoint whose line outside is known to be on disk.
[[nodiscard]] Result<std::int64_t> lines_written(sql::Reader& reader);
[[nodiscard]] Status set_lines_written(sql::Transaction& tx, std::int64_t number);

/// The newest checkpoint as policy itself remembers it, sealed by a key that the database does not hold.
struct Seal {
  std::int64_t number = 0;
  std::string hash;
  std::string mac;  // raw bytes
};
[[nodiscard]] Result<std::optional<Seal>> read_seal(sql::Reader& reader);
[[nodiscard]] Status put_seal(sql::Transaction& tx, const Seal& seal);

}  // namespace writ::policy
