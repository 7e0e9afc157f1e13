// SQL of the audit chain and its checkpoints.
#pragma once

#include "policy/audit_chain.h"
#include "sql/database.h"
#include "sql/migration.h"

namespace writ::policy {

[[nodiscard]] sql::Migration audit_migration();

/// Adds the next record of the tenant's chain inside the caller's transaction. Errors: those of Transaction::run.
[[nodiscard]] Result<AuditRecord> append_record(sql::Transaction& tx, const TenantId& tenant, std::string_view kind,
                                                json::object data, std::string_view run_id);
[[nodiscard]] Result<AuditPage> read_page(sql::Reader& reader, const TenantId& tenant, const ListAudit& query);
[[nodiscard]] Result<std::vector<Head>> read_heads(sql::Reader& reader);
[[nodiscard]] Status put_checkpoint(sql::Transaction& tx, const Checkpoint& checkpoint);
/// Reads every chain, or those of one tenant, and every checkpoint; `outside` are the checkpoints that were also written outside the database.
[[nodiscard]] Result<AuditReport> verify_all(sql::Reader& reader, const crypto::KeySet& keys,
                                             const std::vector<Checkpoint>& outside,
                                             const std::optional<TenantId>& only);

}  // namespace writ::policy
