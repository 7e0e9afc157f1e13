// TrustFeed: keeps a TokenVerifier's snapshot of identity's keys and revocations fresh.
#pragma once

#include <functional>

#include "async/task_group.h"
#include "identity/api/identity_port.h"
#include "identity/api/token.h"

namespace writ::identity {

class TrustFeed {
 public:
  /// How often identity is asked; ten chances before the trust is stale.
  static constexpr Millis interval{1000};

  /// changed: called when the feed brought something, after the verifier knows it.
  TrustFeed(IdentityPort& identity, TokenVerifier& verifier, const Clock& clock, std::function<void()> changed = {})
      : identity_(identity), verifier_(verifier), clock_(clock), changed_(std::move(changed)) {}
  /// One look, to the end of the feed: a snapshot that lacks a page is never fresh.
  /// Errors: those of the port; the old snapshot then stays and grows stale, and the next look goes on where this one ended.
  [[nodiscard]] Task<Status> refresh(Context ctx);
  /// Looks again and again until the stop.
  [[nodiscard]] Task<void> run(std::stop_token stop);

 private:
  [[nodiscard]] Task<Status> read_pages(Context ctx);

  IdentityPort& identity_;
  TokenVerifier& verifier_;
  const Clock& clock_;
  const std::function<void()> changed_;
  std::int64_t after_ = 0;
  std::shared_ptr<const Revocations> published_ = std::make_shared<Revocations>();  // shared with snapshots
  std::unique_ptr<Revocations> next_;  // what was read and is not published yet
  WallTime forget_at_;
};

}  // namespace writ::identity
