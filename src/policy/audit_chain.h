// The audit chain: how records are linked, how checkpoints bind their heads and each other, how both are verified. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "crypto/key_set.h"
#include "crypto/signature.h"
#include "policy/api/types.h"

namespace writ::policy {

/// What is written now; 1 is still verified. docs/audit.md tells what each version's hash covers.
inline constexpr std::int64_t audit_format = 2;
inline constexpr std::int64_t checkpoint_format = 2;
/// The hash before the first record of a chain, and before the first checkpoint.
inline constexpr std::string_view genesis = "0000000000000000000000000000000000000000000000000000000000000000";

/// SHA-256 in hex over the canonical JSON of the record without its own hash.
[[nodiscard]] std::string hash_of(const AuditRecord& record);
/// SHA-256 in hex over the canonical JSON of {tenant, shard, seq, hash}: stands for a head that is not shown.
[[nodiscard]] std::string hash_of(const Head& head);
/// What the next checkpoint names as `previous`: SHA-256 in hex over the canonical JSON of {v, number, at, previous, root,
/// kid, signature}; root is the SHA-256 of the sorted hashes of all heads, so that it is the same in an export that shows
/// only some of them. Version 1: over {at, heads, kid, signature}.
[[nodiscard]] std::string hash_of(const Checkpoint& checkpoint);

/// number, previous: of the new one. Errors: internal.
[[nodiscard]] Result<Checkpoint> sign_checkpoint(std::int64_t number, WallTime at, std::string previous,
                                                 std::vector<Head> heads, const crypto::SigningKey& key);
/// What is left of a checkpoint for one tenant: its own heads, and of the others their hashes.
[[nodiscard]] Checkpoint shown_to(const TenantId& tenant, Checkpoint checkpoint);
/// Errors: invalid, of text that is no checkpoint.
[[nodiscard]] Result<Checkpoint> read_checkpoint(std::string_view text);

/// Where a document was read, for the findings about it.
struct AuditPlace {
  std::string file;  // "" for the database
  std::int64_t line = 0;
};

/// Takes records in order of their chain and each checkpoint behind the records that it covers, and says what is wrong.
/// Memory: one entry per chain and the first findings.
class AuditVerifier {
 public:
  /// only: heads of other tenants are left alone; nothing: every chain is verified. keys must outlive it.
  AuditVerifier(const crypto::KeySet& keys, std::optional<TenantId> only) : keys_(&keys), only_(std::move(only)) {}

  void take(const AuditRecord& record, const AuditPlace& place = {});
  void take(const Checkpoint& checkpoint, const AuditPlace& place = {});
  /// A checkpoint's row whose text is none. `number`: its place.
  void unreadable_checkpoint(std::int64_t number, const AuditPlace& place = {});
  /// A checkpoint that must come, as noted down earlier. Before the first take().
  void expect(std::int64_t number, std::string hash) { expected_.emplace(number, std::move(hash)); }
  void found(AuditFinding finding);
  /// After everything.
  void end();

  /// What was read so far; `done` after end().
  [[nodiscard]] const AuditReport& report() const { return report_; }
  /// Where a chain stands: 0 before its first record.
  [[nodiscard]] std::int64_t seq_of(const TenantId& tenant, const std::string& shard) const;

 private:
  struct Chain {
    std::int64_t seq = 0;
    std::string hash{genesis};
    std::int64_t v = 0;
    std::int64_t covered = 0;  // by the newest checkpoint
    bool parted = false;  // from what was signed: said once
  };
  using Name = std::pair<TenantId, std::string>;
  struct Newest {
    std::int64_t number = 0, v = 1;
    std::string hash{genesis};
  };

  void check_link(const Checkpoint& checkpoint, const AuditPlace& place);
  void check_head(const Checkpoint& checkpoint, const Head& head, const AuditPlace& place);

  static constexpr std::size_t findings_max = 100;  // beyond it the count says enough
  const crypto::KeySet* keys_;
  const std::optional<TenantId> only_;
  std::map<Name, Chain> chains_;
  std::map<std::int64_t, std::string> expected_;
  Newest newest_;
  std::size_t covered_chains_ = 0;
  AuditReport report_{.ok = true, .done = false};
};

}  // namespace writ::policy
