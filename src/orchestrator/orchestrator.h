// orchestrator: sessions, runs, steps, tools and reviews. README.md tells what it owns.
#pragma once

#include "observability/log.h"
#include "orchestrator/orchestrator_service.h"
#include "policy/api/policy_port.h"
#include "recall/api/recall_port.h"
#include "runtime/service.h"
#include "slm/api/slm_port.h"

namespace writ::orchestrator {

struct Deps {
  std::unique_ptr<sql::Database> database;  // opened with orchestrator_migrations()
  OrchestratorSettings settings;
  bool temporal_enabled = false;            // TEMPORAL_ENABLED
  Secret content_key;                       // at least 32 bytes
  std::optional<policy::Holder> holder = {};  // this process, for what its model calls reserve
  policy::PolicyPort& policy;
  slm::SlmPort& slm;
  recall::RecallPort& recall;
  identity::IdentityPort& identity;
  async::Loops& loops;
  observability::Registry& registry;
  http::Invoker& invoker;
  const observability::Logger& log;
  const Clock& clock;
  Random& random;
};

/// The service and the object that performs its port; the port lives as long as the service's owner.
struct Made {
  runtime::Service service;
  OrchestratorService& port;
};
/// Errors: invalid (bad_capsule, key_too_short), unavailable (no_temporal); each with the fix.
[[nodiscard]] Result<Made> make_service(Deps deps);

/// Its operations under their rules.
[[nodiscard]] http::Routes orchestrator_routes(http::Invoker& invoker, OrchestratorPort& port);

/// Drives runs until the tasks stop: what `serve` and `writ worker` both start.
[[nodiscard]] Task<Status> start_worker(EmbeddedEngine& engine, async::TaskGroup& tasks);

}  // namespace writ::orchestrator
