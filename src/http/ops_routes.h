// The operators' routes: /health, /ready, /ready/<service>, /metrics. What they say comes from callbacks.
#pragma once

#include <functional>
#include <string>

#include "core/json.h"
#include "http/routes.h"

namespace writ::http {

struct ReadyReport {
  bool ready = false;
  json::object body;  // {service, version, env, status, checks}
};

/// Called on the request's loop: they answer from memory.
struct OpsCallbacks {
  std::function<json::object()> health;
  std::function<ReadyReport()> ready;
  /// Of one service; nothing when there is none of that name. May be empty.
  std::function<std::optional<ReadyReport>(std::string_view service)> ready_of;
  std::function<std::string()> metrics;  // text exposition
};

[[nodiscard]] Routes ops_routes(Invoker& invoker, OpsCallbacks callbacks);

}  // namespace writ::http
