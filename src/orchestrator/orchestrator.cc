#include "orchestrator/orchestrator.h"

#include "orchestrator/journal_tool.h"
#include "outbox/audit_outbox.h"
#include "tools/builtin_tools.h"
#include "tools/memory_tools.h"

namespace writ::orchestrator {
namespace {

constexpr std::string_view embedded_owner = "embedded";  // one per database: its lock file sees to that
constexpr std::size_t settling_max = 4096;               // settlements that outlive their stream
constexpr Millis settle_stop_patience{5000};
constexpr Millis tool_stop_patience{500};                // their drivers have waited for them already

tools::Toolbox make_toolbox(const Deps& deps) {
  tools::Toolbox out;
  out.add(tools::make_calculator());
  out.add(tools::make_clock(deps.clock));
  out.add(tools::make_remember(deps.recall));
  out.add(tools::make_recall(deps.recall));
#ifdef WRIT_FAIL_POINTS
  if (deps.settings.journal) out.add(make_journal(*deps.settings.journal));
#endif
  return out;
}

/// Everything of one orchestrator, in the order it is made.
struct Parts {
  Parts(Deps d, content::ContentStore content, CapsuleSet set)
      : deps(std::move(d)),
        capsules(std::move(set)),
        toolbox(make_toolbox(deps)),
        store(*deps.database, std::move(content)),
        probe(deps.registry),
        hub(deps.clock, {.per_principal = static_cast<std::size_t>(deps.settings.principal_watches),
                         .per_tenant = static_cast<std::size_t>(deps.settings.tenant_watches)}),
        settling("orchestrator.settling", settling_max),
        governed(deps.policy, deps.slm, toolbox, settling, deps.holder),
        engine({store, governed, deps.identity, toolbox, capsules, deps.settings, hub, probe, deps.log, deps.clock,
                deps.random},
               deps.loops, std::string(embedded_owner)),
        outbox(
            *deps.database, [this]() -> policy::PolicyPort& { return deps.policy; },
            [this](std::size_t waiting) { probe.outbox(waiting); }, deps.log),
        service({store, engine, hub, deps.identity, capsules, toolbox, probe, deps.clock, deps.random}) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { deps.database.reset(); }  // work whose caller has gone on uses the store until it ends
  Deps deps;
  CapsuleSet capsules;
  tools::Toolbox toolbox;
  OrchestratorStore store;
  OrchestratorProbe probe;
  RunHub hub;
  async::TaskGroup settling;
  governed::Governed governed;
  EmbeddedEngine engine;
  outbox::AuditOutbox outbox;
  OrchestratorService service;
  observability::LastKnown database{"database", Seconds{10}};
};

Task<Status> look(Parts* parts, std::stop_token stop) {
  Context ctx;
  ctx.cancel = stop;
  auto counts = co_await parts->store.unfinished(ctx.within(Seconds{2}));
  if (!counts) co_return fail(std::move(counts).error());
  for (const auto status : {RunStatus::running, RunStatus::waiting_review, RunStatus::waiting_dependency})
    parts->probe.unfinished(status, (*counts)[status]);
  co_return Status{};
}

Task<void> keep_house(Parts* parts, std::stop_token stop) {
  constexpr int looks_per_sweep = 1800;  // an hour
  for (int looks = 0;; ++looks) {
    parts->database.set(co_await look(parts, stop));
    if (looks % looks_per_sweep == 0)
      if (auto swept = co_await parts->store.forget_old_keys(Context{}.within(Seconds{5})); !swept)
        parts->deps.log.failed("keys_not_forgotten", swept.error());
    if (!co_await async::sleep_for(Seconds{2}, stop)) co_return;
  }
}

Task<Status> start(Parts* parts, runtime::Scope scope) {
  WRIT_CO_CHECK(co_await parts->store.check(Context{}.within(Seconds{10})));
  parts->database.set(co_await look(parts, {}));
  WRIT_CO_CHECK(co_await start_worker(parts->engine, scope.tasks));
  WRIT_CO_CHECK(
      scope.tasks.spawn(scope.loops.at(0), "orchestrator.outbox", parts->outbox.deliver(scope.tasks.stopping())));
  co_return scope.tasks.spawn(scope.loops.at(0), "orchestrator.keep_house", keep_house(parts, scope.tasks.stopping()));
}

Task<Status> flush(Parts* parts) {
  // A tool that hangs is named and left behind: its call is of unknown outcome, and the run says so at the next start.
  if (auto ended = co_await parts->governed.stop_tools(tool_stop_patience); !ended)
    parts->deps.log.failed("tools_left_behind", ended.error());
  co_return co_await parts->settling.stop(settle_stop_patience);
}

}  // namespace

Task<Status> start_worker(EmbeddedEngine& engine, async::TaskGroup& tasks) { co_return co_await engine.start(tasks); }

Result<Made> make_service(Deps deps) {
  if (deps.temporal_enabled)
    return fail(unavailable(
        "no_temporal", "this build has no Temporal yet: unset TEMPORAL_ENABLED to run agents on the embedded engine",
        std::nullopt));
  WRIT_TRY(auto content, content::ContentStore::make(deps.content_key, deps.random));
  WRIT_TRY(auto capsules, CapsuleSet::load(deps.settings.capsules));
  auto parts = std::make_shared<Parts>(std::move(deps), std::move(content), std::move(capsules));
  auto* p = parts.get();
  runtime::Service service{.name = "orchestrator",
                           .registry = &p->deps.registry,
                           .routes = {orchestrator_routes(p->deps.invoker, p->service)},
                           .checks = {{.name = "database", .status = [p] { return p->database.get(); }},
                                      {.name = "audit_outbox",
                                       .need = observability::Need::optional,
                                       .status = [p] { return p->outbox.status(); }}},
                           .start = [p](runtime::Scope scope) { return start(p, scope); },
                           .drain = [p] { p->hub.close(); },
                           .flush = [p] { return flush(p); },
                           .owner = parts};
  return Made{.service = std::move(service), .port = p->service};
}

}  // namespace writ::orchestrator
