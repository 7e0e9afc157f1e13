// GrantKeys: policy's public keys as a snapshot that guarded services verify grants with.
#pragma once

#include <memory>
#include <mutex>

#include "crypto/key_set.h"
#include "policy/api/policy_port.h"

namespace writ::policy {

/// Thread: any.
class GrantKeys {
 public:
  /// How often policy is asked: a new key is published before it signs (rotation overlaps), so this need not be quick.
  static constexpr Seconds interval{5};

  explicit GrantKeys(PolicyPort& policy) : policy_(policy) {}
  /// Null until they were fetched once.
  [[nodiscard]] std::shared_ptr<const crypto::KeySet> get() const;
  /// One look. Errors: those of the port; the old keys then stay.
  [[nodiscard]] Task<Status> refresh(Context ctx);
  /// Looks again and again until the stop; every second while nothing is known yet.
  [[nodiscard]] Task<void> run(std::stop_token stop);

 private:
  PolicyPort& policy_;
  mutable std::mutex mutex_;
  std::shared_ptr<const crypto::KeySet> keys_;  // shared with verifications that began before a swap
};

}  // namespace writ::policy
