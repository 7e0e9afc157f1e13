// The audit of a data folder that no process serves, and of an export: verified where nothing of the platform runs.
#pragma once

#include <functional>

#include "core/secret.h"
#include "policy/audit_check.h"

namespace writ::policy {

/// Told about every page; false stops the verification.
using AuditProgress = std::function<bool(const AuditReport&)>;

struct AuditFolder {
  std::filesystem::path database, checkpoints;
  Secret key_secret;  // of policy's key ring
};
/// Reads the folder and writes nothing. keys: nothing trusts the folder's own key ring.
/// Errors: not_found (no_file), cancelled, invalid (key_ring_undecryptable), those of a Reader. Blocks.
[[nodiscard]] Result<AuditReport> verify_folder(const AuditFolder& folder, const std::optional<crypto::KeySet>& keys,
                                                const VerifyAudit& wanted, const AuditProgress& progress);

/// Reads an export line by line. keys: nothing trusts the keys that the export itself holds, which proves that it is
/// whole, not who made it. Memory: one line, and one entry per chain.
/// Errors: not_found (no_file), invalid (not_an_export), cancelled. Blocks.
[[nodiscard]] Result<AuditReport> verify_export(const std::filesystem::path& file,
                                                const std::optional<crypto::KeySet>& keys, const VerifyAudit& wanted,
                                                const AuditProgress& progress);

}  // namespace writ::policy
