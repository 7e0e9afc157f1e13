#include "recall/recall.h"

namespace writ::recall {
namespace {

/// Everything of one recall-service, in the order it is made.
struct Parts {
  explicit Parts(Deps d)
      : deps(std::move(d)), store(*deps.database), grants(deps.grant_keys, deps.clock), service(store, grants) {}
  Deps deps;
  RecallStore store;
  policy::GrantVerifier grants;
  RecallService service;
  observability::LastKnown database{"database", Seconds{10}};
};

Task<void> keep_house(Parts* parts, std::stop_token stop) {
  do {
    Context ctx;
    ctx.cancel = stop;
    parts->database.set(co_await parts->store.check(ctx.within(Seconds{2})));
  } while (co_await async::sleep_for(Seconds{2}, stop));
}

Task<Status> start(Parts* parts, runtime::Scope scope) {
  parts->database.set(co_await parts->store.check(Context{}.within(Seconds{2})));
  co_return scope.tasks.spawn(scope.loops.at(0), "recall.keep_house", keep_house(parts, scope.tasks.stopping()));
}

http::Routes recall_routes(http::Invoker& invoker, RecallPort& port) {
  http::Routes routes(invoker);
  routes.add(op::put, port, &RecallPort::put);
  routes.add(op::get, port, &RecallPort::get);
  return routes;
}

}  // namespace

Made make_service(Deps deps) {
  auto parts = std::make_shared<Parts>(std::move(deps));
  auto* p = parts.get();
  runtime::Service service{
      .name = "recall",
      .registry = &p->deps.registry,
      .routes = {recall_routes(p->deps.invoker, p->service)},
      .checks = {{.name = "database", .status = [p] { return p->database.get(); }},
                 {.name = "grant_keys",
                  .status = [p]() -> Status {
                    if (p->deps.grant_keys()) return {};
                    return fail(unavailable("no_grant_keys", "the keys of policy-engine are not known yet"));
                  }}},
      .start = [p](runtime::Scope scope) { return start(p, scope); },
      .drain = {},
      .flush = {},
      .owner = parts};
  return {.service = std::move(service), .port = p->service};
}

}  // namespace writ::recall
