#include "identity/api/trust_feed.h"

namespace writ::identity {

Task<Status> TrustFeed::refresh(Context ctx) {
  const auto asked_at = clock_.steady();
  WRIT_CO_TRY(const auto jwks, co_await identity_.jwks(ctx, {}));
  WRIT_CO_TRY(auto keys, crypto::KeySet::from_jwks(json::value{{"keys", jwks.keys}}));
  WRIT_CO_TRY(const auto page, co_await identity_.revocations(ctx, {.after = after_}));
  const auto old = verifier_.snapshot();
  auto next = old ? std::make_shared<TrustSnapshot>(*old) : std::make_shared<TrustSnapshot>();
  next->keys = std::move(keys);
  next->fresh_at = asked_at;
  for (const auto& revocation : page.revocations) {
    if (revocation.kind == "token") next->revoked_tokens.insert(revocation.value);
    else if (revocation.kind == "key") next->revoked_keys.insert(revocation.value);
    else if (revocation.kind == "subject") next->revoked_subjects[revocation.value] = revocation.at;
    after_ = std::max(after_, revocation.seq);
  }
  verifier_.trust(std::move(next));
  co_return Status{};
}

Task<void> TrustFeed::run(std::stop_token stop) {
  for (;;) {
    Context ctx;
    ctx.cancel = stop;
    // A failed look is seen by everybody as growing staleness, in /ready and in refused calls.
    (void)co_await refresh(ctx.within(Seconds{2}));
    if (!co_await async::sleep_for(interval, stop)) co_return;
  }
}

}  // namespace writ::identity
