// CheckpointSeal: how policy remembers its newest checkpoint, so that who has only database and lines cannot begin anew.
#pragma once

#include "core/secret.h"
#include "policy/audit_store.h"

namespace writ::policy {

/// Thread: any.
class CheckpointSeal {
 public:
  /// key_secret: that of policy's key ring; what seals is derived from it.
  explicit CheckpointSeal(const Secret& key_secret);

  [[nodiscard]] Seal of(std::int64_t number, std::string hash) const;
  /// Whether `seal` was made with this secret.
  [[nodiscard]] bool holds(const Seal& seal) const;
  /// Whether the newest checkpoint of a database is the one that its seal names; the finding when it is not.
  [[nodiscard]] std::optional<AuditFinding> problem(const std::optional<Seal>& seal, std::int64_t number,
                                                    std::string_view hash) const;

 private:
  [[nodiscard]] std::string mac(std::int64_t number, std::string_view hash) const;
  const Secret key_;
};

}  // namespace writ::policy
