// policy-engine: decisions, budgets, constitution and audit. README.md tells what it owns.
#pragma once

#include "observability/log.h"
#include "policy/policy_service.h"
#include "runtime/service.h"

namespace writ::policy {

struct Deps {
  std::unique_ptr<sql::Database> database;  // opened with policy_migrations()
  PolicySettings settings;
  PolicyFiles files;
  Secret key_secret;
  std::function<Status()> identity_fresh;   // of the process's trust in identity
  std::function<Status(const Principal&)> holds;  // whether nothing that a principal came with was revoked
  observability::Registry& registry;
  http::Invoker& invoker;
  const observability::Logger& log;
  const Clock& clock;
  Random& random;
};

/// The service and the object that performs its port; the port lives as long as the service's owner.
struct Made {
  runtime::Service service;
  PolicyService& port;
};
[[nodiscard]] Made make_service(Deps deps);

/// Its operations under their rules.
[[nodiscard]] http::Routes policy_routes(http::Invoker& invoker, PolicyPort& port);

}  // namespace writ::policy
