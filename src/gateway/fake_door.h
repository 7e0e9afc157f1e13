// The whole service on scripted neighbours.
#pragma once

#include "gateway/fake_ports.h"
#include "gateway/gateway.h"

namespace writ::gateway {

struct Door {
  Bench bench;
  FakeOrchestrator orchestrator;
  FakeIdentity identity;
  http::Invoker invoker{bench.registry};
  identity::TokenVerifier verifier{system_clock()};
  identity::LiveStreams live_streams{verifier};
  std::vector<policy::RateRule> rates = {{.id = "few",
                                          .per = policy::RatePer::principal,
                                          .kind = policy::RateKind::requests,
                                          .count = 1000,
                                          .per_seconds = 1,
                                          .burst = 1000}};
  observability::Logger log{"gateway", observability::Level::error, [](std::string_view) {}};
  Made made = make_service({.settings = {},
                            .built_in_rates = rates,
                            .orchestrator = orchestrator,
                            .policy = bench.policy,
                            .slm = bench.slm,
                            .identity = identity,
                            .live_streams = live_streams,
                            .governed = bench.governed,
                            .identity_fresh = [] { return Status{}; },
                            .registry = bench.registry,
                            .invoker = invoker,
                            .log = log,
                            .clock = system_clock(),
                            .random = system_random()});
};

}  // namespace writ::gateway
