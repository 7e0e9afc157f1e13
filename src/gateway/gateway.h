// gateway-api: the public door. README.md tells what it owns.
#pragma once

#include "gateway/gateway_service.h"
#include "gateway/gateway_settings.h"
#include "gateway/public_documents.h"
#include "gateway/rate_limits.h"
#include "governed/governed.h"
#include "identity/api/identity_port.h"
#include "identity/api/live_streams.h"
#include "observability/log.h"
#include "runtime/service.h"

namespace writ::gateway {

/// Ports are what the gateway holds of its neighbours; all outlive the service.
struct Deps {
  GatewaySettings settings;
  std::vector<policy::RateRule> built_in_rates;  // where no constitution says others
  orchestrator::OrchestratorPort& orchestrator;
  policy::PolicyPort& policy;
  slm::SlmPort& slm;
  identity::IdentityPort& identity;
  identity::LiveStreams& live_streams;  // open watches, which end with what their principals came with
  governed::Governed& governed;
  std::function<Status()> identity_fresh;  // of the process's trust in identity
  observability::Registry& registry;
  http::Invoker& invoker;
  const observability::Logger& log;
  const Clock& clock;
  Random& random;
};

/// The service and the object that performs its port; the port lives as long as the service's owner.
struct Made {
  runtime::Service service;
  GatewayService& port;
  const PublicDocuments& documents;  // as the port: lives with the owner
  RateLimits& rates;                 // the same; for the server at this address
};
[[nodiscard]] Made make_service(Deps deps);

}  // namespace writ::gateway
