#include "orchestrator/audit_outbox.h"

#include "async/signal.h"

namespace writ::orchestrator {
namespace {

constexpr std::int64_t batch = 100;
constexpr Millis look_again{500};
constexpr Millis patience{5000};

// As a service: whose chain a fact belongs to stands in the request.
Context own_context(std::stop_token stop) {
  Context ctx;
  ctx.cancel = std::move(stop);
  return ctx.within(patience);
}

}  // namespace

Task<Result<std::size_t>> AuditOutbox::deliver_some(std::stop_token stop) {
  WRIT_CO_TRY(auto rows, co_await store_.outbox(own_context(stop), batch));
  probe_.outbox(rows.size());
  for (auto& row : rows) {
    WRIT_CO_CHECK(co_await policy_.append_audit(
        own_context(stop), {.tenant = row.tenant, .id = row.id, .kind = row.kind, .data = std::move(row.data)}));
    WRIT_CO_CHECK(co_await store_.delivered(own_context(stop), row.tenant, row.id));
  }
  co_return rows.size();
}

Task<void> AuditOutbox::deliver(std::stop_token stop) {
  int failures = 0;
  while (!stop.stop_requested()) {
    const auto delivered = co_await deliver_some(stop);
    if (!delivered && stop.stop_requested()) co_return;
    status_.set(delivered ? Status{} : Status(fail(delivered.error())));
    if (!delivered && failures == 0) log_.failed("audit_not_told", delivered.error());
    failures = delivered ? 0 : failures + 1;
    if (delivered && *delivered == batch) continue;
    if (!co_await async::sleep_for(delivered ? look_again : back_off(failures), stop)) co_return;
  }
}

}  // namespace writ::orchestrator
