// Service: what one service hands to the process that runs it: routes, readiness checks, and how it starts and stops.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loops.h"
#include "async/task_group.h"
#include "http/routes.h"
#include "observability/health.h"
#include "observability/metrics.h"

namespace writ::runtime {

/// What a service may use while it runs. Background work is spawned into `tasks`, watches tasks.stopping(), and ends
/// by itself soon after.
struct Scope {
  async::Loops& loops;
  async::TaskGroup& tasks;
};

/// Made by `make_service(const Deps&)`. Every hook may be empty. Hooks are awaited on loop 0, one at a time.
/// ```
/// start ──> serves … ──> (grace time, then the address is closed) ──> drain ──> tasks are stopped ──> flush ──> owner is destroyed
/// ```
struct Service {
  std::string name;  // "policy": its checks are "policy.<check>", its own readiness is /ready/policy
  observability::Registry* registry = nullptr;  // its metrics; outlives the service
  std::vector<http::Routes> routes;
  std::vector<observability::Check> checks;
  /// Opens stores, loads what it needs, spawns background work. Its error stops the process and says how to fix it.
  std::function<Task<Status>(Scope)> start;
  /// Told of a stop when nobody new gets in and before what is at work is waited for: end long streams, take no new work.
  /// Never blocks.
  std::function<void()> drain;
  /// After its last request and task: writes what is still in memory.
  std::function<Task<Status>()> flush;
  /// Keeps the service's objects alive. A shared_ptr because it alone remembers how to destroy any type.
  std::shared_ptr<void> owner;
};

}  // namespace writ::runtime
