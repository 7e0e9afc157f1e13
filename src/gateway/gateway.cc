#include "gateway/gateway.h"

#include "gateway/gateway_routes.h"
#include "gateway/public_documents.h"

namespace writ::gateway {
namespace {

constexpr Millis look_every{2000};
constexpr Millis known_for{10'000};  // five looks

/// Everything of one gateway-api, in the order it is made.
struct Parts {
  explicit Parts(Deps d)
      : deps(std::move(d)),
        probe(deps.registry),
        rates(deps.built_in_rates, probe, deps.clock),
        service(deps.orchestrator, deps.policy, deps.live_streams),
        calls(deps.governed, probe, deps.clock, deps.random),
        openai(calls, deps.slm, probe, deps.clock, deps.settings.max_tokens),
        inference(calls, deps.settings.max_tokens),
        token(deps.identity, probe) {}
  Deps deps;
  GatewayProbe probe;
  RateLimits rates;
  GatewayService service;
  DirectCalls calls;
  openai::OpenAiDoor openai;
  Inference inference;
  TokenEndpoint token;
  PublicDocuments documents;
  observability::LastKnown policy{"policy", known_for}, models{"slm", known_for};
};

Context own_context(std::stop_token stop) {
  Context ctx;
  ctx.cancel = std::move(stop);
  return ctx.within(look_every);
}

template <class T>
Status status_of(Result<T> result) {
  if (!result) return fail(std::move(result).error());
  return {};
}

// What cannot be learnt changes nothing: the rates known last hold.
Task<void> look_at_policy(Parts* parts, std::stop_token stop) {
  auto constitution = co_await parts->deps.policy.constitution(own_context(stop), {});
  if (constitution)
    if (const auto followed = parts->rates.follow(constitution->rates); !followed)
      parts->deps.log.failed("rates_refused", followed.error());
  parts->policy.set(status_of(std::move(constitution)), parts->deps.clock.steady());
}

// /ready answers from memory, so somebody has to ask. start() has just looked at policy.
Task<void> look_around(Parts* parts, std::stop_token stop) {
  for (;;) {
    parts->models.set(status_of(co_await parts->deps.slm.models(own_context(stop), {})), parts->deps.clock.steady());
    if (!co_await async::sleep_for(look_every, stop)) co_return;
    co_await look_at_policy(parts, stop);
  }
}

// The first request finds the constitution's rates, where policy can be asked.
Task<Status> start(Parts* parts, runtime::Scope scope) {
  co_await look_at_policy(parts, scope.tasks.stopping());
  co_return scope.tasks.spawn(scope.loops.at(0), "gateway.look_around", look_around(parts, scope.tasks.stopping()));
}

http::Routes routes_of(Parts& parts) {
  auto routes = gateway_routes(parts.deps.invoker, {.gateway = parts.service,
                                                    .openai = parts.openai,
                                                    .inference = parts.inference,
                                                    .token = parts.token,
                                                    .identity = parts.deps.identity});
  parts.documents.add_to(routes, parts.deps.registry.version());
  return routes;
}

}  // namespace

Made make_service(Deps deps) {
  auto parts = std::make_shared<Parts>(std::move(deps));
  auto* p = parts.get();
  using observability::Need;
  runtime::Service service{
      .name = "gateway",
      .registry = &p->deps.registry,
      .routes = {routes_of(*p)},
      // Without identity nobody gets in. Without policy or a model the door still shows runs, and answers 503 for calls.
      .checks =
          {{.name = "identity", .need = Need::required, .status = [p] { return p->deps.identity_fresh(); }},
           {.name = "policy", .need = Need::optional, .status = [p] { return p->policy.get(p->deps.clock.steady()); }},
           {.name = "slm", .need = Need::optional, .status = [p] { return p->models.get(p->deps.clock.steady()); }}},
      .start = [p](runtime::Scope scope) { return start(p, scope); },
      .drain = [p] { p->service.drain(); },
      .flush = {},
      .owner = parts};
  return {.service = std::move(service), .port = p->service, .documents = p->documents, .rates = p->rates};
}

}  // namespace writ::gateway
