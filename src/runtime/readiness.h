// Readiness: what /health and /ready say, from checks to JSON. Pure, except that it asks the checks.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "http/ops_routes.h"
#include "runtime/service.h"

namespace writ::runtime {

/// Who answers: "writ" in one process, else the service's own name.
struct Identity {
  std::string service;
  std::string version;
  std::string env;
};

enum class Phase { starting, serving, draining };

/// {service, version, env, status: "ok"}: the process works. Asks nothing and nobody.
[[nodiscard]] json::object health_body(const Identity& identity);

/// {service, version, env, status, checks: {"policy.audit": {status: "ok" | "failing", required, code?, message?}}}.
/// status: "ready" when the phase is `serving` and every required check passes,
/// else "starting", "draining" or "not_ready".
/// A process that serves the one service of its own name leaves out the prefix of the checks' names.
[[nodiscard]] http::ReadyReport ready_report(const Identity& identity, Phase phase,
                                             const std::deque<Service>& services);
/// Of one service, its checks without the prefix. Nothing when there is none of that name.
[[nodiscard]] std::optional<http::ReadyReport> ready_report_of(std::string_view service, const Identity& identity,
                                                               Phase phase, const std::deque<Service>& services);

/// Sets `service_healthy` of every service's registry.
void set_healthy(Phase phase, const std::deque<Service>& services);

}  // namespace writ::runtime
