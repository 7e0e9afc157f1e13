#include "identity/identity.h"

#include "outbox/audit_outbox.h"

namespace writ::identity {
namespace {

/// Everything of one identity-service, in the order it is made.
struct Parts {
  explicit Parts(Deps d)
      : deps(std::move(d)),
        store(*deps.database),
        service(store, deps.settings, deps.key_encryption_key, deps.clock, deps.random),
        outbox(*deps.database, deps.policy, [](std::size_t) {}, deps.log) {}
  Deps deps;
  IdentityStore store;
  IdentityService service;
  outbox::AuditOutbox outbox;
  observability::LastKnown database{"database", Seconds{10}};
};

constexpr Seconds housekeeping_interval{600};  // what is over may stay a while, its rows are small

Task<void> keep_house(Parts* parts, std::stop_token stop) {
  auto forgotten_at = parts->deps.clock.steady();
  do {
    Context ctx;
    ctx.cancel = stop;
    const auto read = co_await parts->store.has_keys(ctx.within(Seconds{2}));
    parts->database.set(read ? Status{} : Status(fail(read.error())));
    if (parts->deps.clock.steady() < forgotten_at + housekeeping_interval) continue;
    // What fails is tried again after the interval; nothing depends on it but the size of the database.
    (void)co_await parts->store.forget_old(ctx.within(Seconds{10}));
    forgotten_at = parts->deps.clock.steady();
  } while (co_await async::sleep_for(Seconds{2}, stop));
}

Task<Status> start(Parts* parts, runtime::Scope scope) {
  WRIT_CO_CHECK(co_await parts->service.start(Context{}.within(Seconds{10}), parts->deps.bootstrap));
  parts->database.set({});
  WRIT_CO_CHECK(scope.tasks.spawn(scope.loops.at(0), "identity.outbox", parts->outbox.deliver(scope.tasks.stopping())));
  co_return scope.tasks.spawn(scope.loops.at(0), "identity.keep_house", keep_house(parts, scope.tasks.stopping()));
}

}  // namespace

Made make_service(Deps deps) {
  auto parts = std::make_shared<Parts>(std::move(deps));
  auto* p = parts.get();
  runtime::Service service{.name = "identity",
                           .registry = &p->deps.registry,
                           .routes = {identity_routes(p->deps.invoker, p->service)},
                           .checks = {{.name = "database", .status = [p] { return p->database.get(); }},
                                      {.name = "audit_outbox",
                                       .need = observability::Need::optional,
                                       .status = [p] { return p->outbox.status(); }}},
                           .start = [p](runtime::Scope scope) { return start(p, scope); },
                           .drain = {},
                           .flush = {},
                           .owner = parts};
  return {.service = std::move(service), .port = p->service};
}

}  // namespace writ::identity
