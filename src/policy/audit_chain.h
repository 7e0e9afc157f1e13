// The audit chain: how records are linked, how checkpoints bind their heads, and how both are verified. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "crypto/key_set.h"
#include "crypto/signature.h"
#include "policy/api/types.h"

namespace writ::policy {

inline constexpr std::int64_t audit_format = 1;
/// The hash before the first record of a chain.
inline constexpr std::string_view genesis = "0000000000000000000000000000000000000000000000000000000000000000";

/// SHA-256 in hex over the canonical JSON of the record without its own hash.
[[nodiscard]] std::string hash_of(const AuditRecord& record);

/// One chain's end as a checkpoint saw it.
struct Head {
  TenantId tenant;
  std::string shard;
  std::int64_t seq = 0;  // also the count: chains begin at 1 and have no gaps
  std::string hash;
  static constexpr auto fields() {
    return std::tuple(field("tenant", &Head::tenant, any, "Tenant."), field("shard", &Head::shard, any, "Writer."),
                      field("seq", &Head::seq, any, "Records."),
                      field("hash", &Head::hash, any, "Of the newest record."));
  }
};
/// All heads at one time, signed; also written outside the database.
struct Checkpoint {
  WallTime at;
  std::vector<Head> heads;
  std::string kid;
  std::string signature;  // base64url, over the SHA-256 of the canonical JSON of {at, heads}
  static constexpr auto fields() {
    return std::tuple(
        field("at", &Checkpoint::at, any, "Time."), field("heads", &Checkpoint::heads, any, "All chains."),
        field("kid", &Checkpoint::kid, any, "Signer."), field("signature", &Checkpoint::signature, any, "Signature."));
  }
};
[[nodiscard]] Result<Checkpoint> sign_checkpoint(WallTime at, std::vector<Head> heads, const crypto::SigningKey& key);

/// Takes records in order of tenant, shard, seq and says what is wrong: a rewritten record, a broken link, a gap, a cut
/// tail, a missing shard, a forged checkpoint.
class AuditVerifier {
 public:
  /// only: heads of other tenants are left alone; nothing: every chain is verified.
  AuditVerifier(const crypto::KeySet& keys, std::optional<TenantId> only) : keys_(keys), only_(std::move(only)) {}
  void take(const AuditRecord& record);
  /// After all records; each checkpoint's heads must be what was read at that place.
  void take(const Checkpoint& checkpoint);
  [[nodiscard]] AuditReport report() const;

 private:
  using Chain = std::pair<TenantId, std::string>;
  void problem(std::string text);

  static constexpr std::size_t problems_max = 100;  // beyond it the count says enough
  const crypto::KeySet& keys_;
  const std::optional<TenantId> only_;
  std::map<Chain, std::vector<std::string>> hashes_;  // by chain, seq - 1; 64 bytes a record
  AuditReport report_{.ok = true};
};

}  // namespace writ::policy
