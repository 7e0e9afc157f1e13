#include "runtime/readiness.h"

#include <algorithm>

namespace writ::runtime {
namespace {

json::object head_of(const Identity& identity) {
  return {{"service", identity.service}, {"version", identity.version}, {"env", identity.env}};
}

/// Adds the service's checks; false when a required one fails.
bool add_checks(json::object& checks, const Service& service, std::string_view prefix) {
  bool passes = true;
  for (const auto& check : service.checks) {
    const auto status = check.status();
    const bool required = check.need == observability::Need::required;
    json::object one{{"status", status ? "ok" : "failing"}, {"required", required}};
    if (!status) {
      one["code"] = status.error().code;
      one["message"] = status.error().kind == ErrorKind::internal ? "a defect: see the log" : status.error().message;
      passes = passes && !required;
    }
    if (check.detail)
      if (auto detail = check.detail(); !detail.empty()) one["detail"] = std::move(detail);
    checks[std::string(prefix) + check.name] = std::move(one);
  }
  return passes;
}

http::ReadyReport report(json::object body, Phase phase, bool passes, json::object checks) {
  const bool ready = passes && phase == Phase::serving;
  const auto* status = phase == Phase::starting   ? "starting"
                       : phase == Phase::draining ? "draining"
                       : ready                    ? "ready"
                                                  : "not_ready";
  body["status"] = status;
  body["checks"] = std::move(checks);
  return {.ready = ready, .body = std::move(body)};
}

}  // namespace

json::object health_body(const Identity& identity) {
  auto body = head_of(identity);
  body["status"] = "ok";
  return body;
}

http::ReadyReport ready_report(const Identity& identity, Phase phase, const std::deque<Service>& services) {
  const bool alone = services.size() == 1 && services.front().name == identity.service;
  json::object checks;
  bool passes = true;
  for (const auto& service : services) passes = add_checks(checks, service, alone ? "" : service.name + ".") && passes;
  return report(head_of(identity), phase, passes, std::move(checks));
}

std::optional<http::ReadyReport> ready_report_of(std::string_view name, const Identity& identity, Phase phase,
                                                 const std::deque<Service>& services) {
  const auto found = std::ranges::find(services, name, &Service::name);
  if (found == services.end()) return std::nullopt;
  json::object checks;
  const bool passes = add_checks(checks, *found, "");
  return report(head_of({found->name, identity.version, identity.env}), phase, passes, std::move(checks));
}

void set_healthy(Phase phase, const std::deque<Service>& services) {
  for (const auto& service : services) {
    if (service.registry == nullptr) continue;
    json::object unused;
    const bool passes = add_checks(unused, service, "");
    service.registry->healthy().set(passes && phase == Phase::serving ? 1 : 0);
  }
}

}  // namespace writ::runtime
