#include "policy/api/grant_keys.h"

namespace writ::policy {

std::shared_ptr<const crypto::KeySet> GrantKeys::get() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

Task<Status> GrantKeys::refresh(Context ctx) {
  WRIT_CO_TRY(const auto document, co_await policy_.keys(std::move(ctx), {}));
  WRIT_CO_TRY(auto keys, crypto::KeySet::from_jwks(json::value{{"keys", document.keys}}));
  auto next = std::make_shared<const crypto::KeySet>(std::move(keys));
  const std::lock_guard lock(mutex_);
  keys_ = std::move(next);
  co_return Status{};
}

Task<void> GrantKeys::run(std::stop_token stop) {
  for (;;) {
    Context ctx;
    ctx.cancel = stop;
    // A failed look shows in the readiness of those who wait for keys.
    (void)co_await refresh(ctx.within(Seconds{2}));
    if (!co_await async::sleep_for(get() ? Millis(interval) : Millis{1000}, stop)) co_return;
  }
}

}  // namespace writ::policy
