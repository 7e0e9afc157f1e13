#include "policy/policy.h"

namespace writ::policy {
namespace {

/// Everything of one policy-engine, in the order it is made.
struct Parts {
  explicit Parts(Deps d)
      : deps(std::move(d)),
        store(*deps.database),
        probe(deps.registry),
        service(store, deps.settings, deps.files, deps.key_secret, deps.holds, probe, deps.clock, deps.random) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { deps.database.reset(); }  // work whose caller has gone on uses the service until it ends
  Deps deps;
  PolicyStore store;
  PolicyProbe probe;
  PolicyService service;
  observability::LastKnown audit{"audit", Seconds{10}};
  // Known anew after each interval, and a slow disk's patience.
  observability::LastKnown checkpoints{"checkpoints", deps.settings.checkpoint_every + Seconds{30}};
};

constexpr Millis patience{5000};
constexpr Millis compile_patience{60'000};  // a set of patterns takes seconds to compile, on its own thread

Context own_context(std::stop_token stop, Millis time = patience) {
  Context ctx;
  ctx.cancel = std::move(stop);
  return ctx.within(time);
}

void log_constitutions(const observability::Logger& log, PolicyService& service) {
  using What = ConstitutionEvent::What;
  for (const auto& event : service.constitution_events()) {
    switch (event.what) {
      case What::activated: log.info("constitution_activated", {{"version", event.version}}); break;
      case What::pending: log.info("constitution_pending", {{"version", event.version}}); break;
      case What::refused: log.failed("constitution_refused", *event.error); break;
      case What::unreadable: log.failed("constitution_unreadable", *event.error); break;
    }
  }
}

// Apart from the rest: patterns take long to compile.
Task<void> keep_constitution(Parts* parts, std::stop_token stop) {
  while (co_await async::sleep_for(parts->deps.settings.refresh, stop)) {
    const auto looked = co_await parts->service.look_at_constitution(own_context(stop, compile_patience));
    if (!looked && looked.error().kind == ErrorKind::unavailable && !stop.stop_requested())
      parts->deps.log.failed("constitution_not_looked_at", looked.error());
    log_constitutions(parts->deps.log, parts->service);
  }
}

// Each second: expire reservations, prove that audit can be committed.
Task<void> keep_house(Parts* parts, std::stop_token stop) {
  constexpr Millis tick{1000}, prune_every{15'000};
  auto next_prune = parts->deps.clock.steady();
  while (!stop.stop_requested()) {
    const auto now = parts->deps.clock.steady();
    parts->audit.set(co_await parts->service.check_audit(own_context(stop)));
    if (const auto swept = co_await parts->service.sweep(own_context(stop)); swept && *swept > 0)
      parts->deps.log.warn("reservations_presumed", {{"count", *swept}});
    if (now >= next_prune) {
      next_prune = now + prune_every;
      if (const auto pruned = co_await parts->service.prune(own_context(stop)); !pruned)
        parts->deps.log.failed("prune_failed", pruned.error());
    }
    if (!co_await async::sleep_for(tick, stop)) co_return;
  }
}

// Apart from the rest: the disk of the lines outside may be slow.
Task<void> keep_checkpoints(Parts* parts, std::stop_token stop) {
  bool damaged = false;
  do {
    const auto written = co_await parts->service.checkpoint(own_context(stop));
    if (!written && stop.stop_requested()) co_return;
    parts->checkpoints.set(written ? Status{} : Status(fail(written.error())));
    if (!written) {
      parts->deps.log.failed("checkpoint_failed", written.error());
      continue;
    }
    if (written->repaired) parts->deps.log.warn("checkpoint_line_repaired", {});
    if (written->damaged && !std::exchange(damaged, written->damaged))
      parts->deps.log.failed("checkpoint_lines_damaged",
                             conflict("checkpoint_lines_damaged",
                                      "the checkpoints outside the database are not what was "
                                      "written; see writ audit verify"));
  } while (co_await async::sleep_for(parts->deps.settings.checkpoint_every, stop));
}

Task<Status> start(Parts* parts, runtime::Scope scope) {
  const auto started = co_await parts->service.start(own_context({}, compile_patience));
  log_constitutions(parts->deps.log, parts->service);
  WRIT_CO_CHECK(started);
  parts->audit.set(co_await parts->service.check_audit(own_context({})));
  WRIT_CO_CHECK(
      scope.tasks.spawn(scope.loops.at(0), "policy.keep_checkpoints", keep_checkpoints(parts, scope.tasks.stopping())));
  WRIT_CO_CHECK(scope.tasks.spawn(scope.loops.at(0), "policy.keep_constitution",
                                  keep_constitution(parts, scope.tasks.stopping())));
  co_return scope.tasks.spawn(scope.loops.at(0), "policy.keep_house", keep_house(parts, scope.tasks.stopping()));
}

Task<Status> flush(Parts* parts) {
  WRIT_CO_CHECK(co_await parts->service.checkpoint(own_context({})));
  co_return Status{};
}

}  // namespace

Made make_service(Deps deps) {
  auto parts = std::make_shared<Parts>(std::move(deps));
  auto* p = parts.get();
  runtime::Service service{.name = "policy",
                           .registry = &p->deps.registry,
                           .routes = {policy_routes(p->deps.invoker, p->service)},
                           .checks = {{.name = "audit", .status = [p] { return p->audit.get(); }},
                                      {.name = "checkpoints",
                                       .need = observability::Need::optional,
                                       .status = [p] { return p->checkpoints.get(); }},
                                      {.name = "constitution",
                                       .status = [p] { return p->service.check_constitution(); },
                                       .detail = [p] { return p->service.constitution_detail(); }},
                                      {.name = "identity", .status = [p] { return p->deps.identity_fresh(); }}},
                           .start = [p](runtime::Scope scope) { return start(p, scope); },
                           .drain = {},
                           .flush = [p] { return flush(p); },
                           .owner = parts};
  return {.service = std::move(service), .port = p->service};
}

}  // namespace writ::policy
