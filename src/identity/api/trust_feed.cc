#include "identity/api/trust_feed.h"

namespace writ::identity {
namespace {
constexpr Seconds forget_interval{60};  // dropping what is over costs a look at all of it
}  // namespace

Task<Status> TrustFeed::read_pages(Context ctx) {
  for (;;) {
    WRIT_CO_TRY(auto page, co_await identity_.revocations(ctx, {.after = after_}));
    if (page.head < after_) {  // identity's data is an older copy: what it says now is read from its beginning
      after_ = 0;
      next_ = std::make_unique<Revocations>();
      continue;
    }
    if (!page.revocations.empty() && !next_) next_ = std::make_unique<Revocations>(*published_);
    for (const auto& row : page.revocations) {
      next_->add(row);
      after_ = std::max(after_, row.seq);
    }
    if (page.more && !page.revocations.empty()) continue;
    after_ = std::max(after_, page.head);
    co_return Status{};
  }
}

Task<Status> TrustFeed::refresh(Context ctx) {
  const auto asked_at = clock_.steady();
  WRIT_CO_TRY(const auto jwks, co_await identity_.jwks(ctx, {}));
  WRIT_CO_TRY(auto keys, crypto::KeySet::from_jwks(json::value{{"keys", jwks.keys}}));
  WRIT_CO_CHECK(co_await read_pages(std::move(ctx)));
  const auto now = clock_.now();
  if (now >= forget_at_) {
    if (!next_ && published_->size() > 0) next_ = std::make_unique<Revocations>(*published_);
    if (next_) next_->forget(now);
    forget_at_ = now + forget_interval;
  }
  const bool changed = next_ != nullptr;
  if (changed) published_ = std::move(next_);
  verifier_.trust(std::make_shared<TrustSnapshot>(
      TrustSnapshot{.keys = std::move(keys), .revocations = published_, .fresh_at = asked_at}));
  if (changed && changed_) changed_();
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
