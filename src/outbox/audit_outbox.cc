#include "outbox/audit_outbox.h"

#include <algorithm>

#include "async/signal.h"

namespace writ::outbox {
namespace {

constexpr std::int64_t batch = 100;
constexpr Millis look_again{500};
constexpr Millis patience{5000};
constexpr Millis back_off_max{30'000};

// 0.5 s, 1 s, 2 s, … 30 s.
Millis back_off(int failures) { return std::min(back_off_max, look_again * (1 << std::min(failures - 1, 6))); }

// As a service: whose chain a fact belongs to stands in the request.
Context own_context(std::stop_token stop) {
  Context ctx;
  ctx.cancel = std::move(stop);
  return ctx.within(patience);
}

}  // namespace

sql::Migration outbox_migration() {
  return {.name = "outbox/0001_outbox", .sql = R"(
CREATE TABLE outbox (
  tenant TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
  data TEXT NOT NULL,  -- JSON: the facts and who is behind them, as tell() wrote them
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_by_time ON outbox (created_at);
)"};
}

Status tell(sql::Transaction& tx, const policy::AppendAudit& fact) {
  auto data = fact.data;
  if (fact.subject) data["by"] = *fact.subject;
  WRIT_CHECK(tx.run("INSERT INTO outbox (tenant, id, kind, data, created_at) VALUES (?1, ?2, ?3, ?4, ?5)", fact.tenant,
                    fact.id, fact.kind, to_text(data), tx.now()));
  return {};
}

Task<Result<std::vector<policy::AppendAudit>>> AuditOutbox::next(Context ctx) {
  using Facts = std::vector<policy::AppendAudit>;
  return database_.read(std::move(ctx), [](sql::Reader& reader) -> Result<Facts> {
    WRIT_TRY(const auto rows,
             reader.rows("SELECT tenant, id, kind, data FROM outbox ORDER BY created_at, tenant, id LIMIT ?1", batch));
    Facts out;
    for (const auto& row : rows) {
      WRIT_TRY(auto data, parse_json(row.get<std::string_view>(3)));
      policy::AppendAudit fact{.tenant = row.get<TenantId>(0),
                               .id = row.get<std::string>(1),
                               .kind = row.get<std::string>(2),
                               .data = std::move(data.as_object()),
                               .subject = {}};
      if (const auto by = text_at(fact.data, "by"); !by.empty()) fact.subject = std::string(by);
      out.push_back(std::move(fact));
    }
    return out;
  });
}

Task<Status> AuditOutbox::delivered(Context ctx, TenantId tenant, std::string id) {
  return database_.write(std::move(ctx),
                         [tenant = std::move(tenant), id = std::move(id)](sql::Transaction& tx) -> Status {
                           WRIT_CHECK(tx.run("DELETE FROM outbox WHERE tenant = ?1 AND id = ?2", tenant, id));
                           return {};
                         });
}

Task<Result<std::size_t>> AuditOutbox::deliver_some(std::stop_token stop) {
  WRIT_CO_TRY(auto facts, co_await next(own_context(stop)));
  waiting_(facts.size());
  for (auto& fact : facts) {
    const auto tenant = fact.tenant;
    const auto id = fact.id;
    WRIT_CO_CHECK(co_await policy_().append_audit(own_context(stop), std::move(fact)));
    WRIT_CO_CHECK(co_await delivered(own_context(stop), tenant, id));
  }
  co_return facts.size();
}

Task<void> AuditOutbox::deliver(std::stop_token stop) {
  int failures = 0;
  while (!stop.stop_requested()) {
    const auto told = co_await deliver_some(stop);
    if (!told && stop.stop_requested()) co_return;
    status_.set(told ? Status{} : Status(fail(told.error())));
    // From the second on: in one process the first look may come before policy has started.
    if (!told && failures == 1) log_.failed("audit_not_told", told.error());
    failures = told ? 0 : failures + 1;
    if (told && *told == batch) continue;
    if (!co_await async::sleep_for(told ? look_again : back_off(failures), stop)) co_return;
  }
}

}  // namespace writ::outbox
