// TrustFeed: keeps a TokenVerifier's snapshot of identity's keys and revocations fresh.
#pragma once

#include "async/task_group.h"
#include "identity/api/identity_port.h"
#include "identity/api/token.h"

namespace writ::identity {

class TrustFeed {
 public:
  /// How often identity is asked; ten chances before the trust is stale.
  static constexpr Millis interval{1000};

  TrustFeed(IdentityPort& identity, TokenVerifier& verifier, const Clock& clock)
      : identity_(identity), verifier_(verifier), clock_(clock) {}
  /// One look. Errors: those of the port; the old snapshot then stays and grows stale.
  [[nodiscard]] Task<Status> refresh(Context ctx);
  /// Looks again and again until the stop.
  [[nodiscard]] Task<void> run(std::stop_token stop);

 private:
  IdentityPort& identity_;
  TokenVerifier& verifier_;
  const Clock& clock_;
  std::int64_t after_ = 0;
};

}  // namespace writ::identity
