#include "http/ops_routes.h"

#include <memory>

#include "observability/metrics.h"

namespace writ::http {
namespace {

constexpr OperationInfo health_info{.id = "ops.health",
                                    .method = Method::get,
                                    .path = "/health",
                                    .summary = "Whether the process works; asks no dependency.",
                                    .exposure = ops_only,
                                    .access = open};
constexpr OperationInfo ready_info{.id = "ops.ready",
                                   .method = Method::get,
                                   .path = "/ready",
                                   .summary = "200 when every required check passes, else 503.",
                                   .exposure = ops_only,
                                   .access = open};
constexpr OperationInfo ready_of_info{.id = "ops.ready_of",
                                      .method = Method::get,
                                      .path = "/ready/{service}",
                                      .summary = "The same for one service of the process.",
                                      .exposure = ops_only,
                                      .access = open};
constexpr OperationInfo metrics_info{.id = "ops.metrics",
                                     .method = Method::get,
                                     .path = "/metrics",
                                     .summary = "Metrics in Prometheus' text format.",
                                     .exposure = ops_only,
                                     .access = open,
                                     .audience = Audience::operators};

using Shared = std::shared_ptr<const OpsCallbacks>;  // the four handlers share the callbacks

RawResponse report(const ReadyReport& ready) {
  RawResponse out;
  if (!ready.ready) out.status = info(ErrorKind::unavailable).status;
  out.body = to_text(ready.body);
  return out;
}

Task<Result<RawResponse>> health(Shared callbacks) {
  RawResponse out;
  out.body = to_text(callbacks->health());
  co_return out;
}

Task<Result<RawResponse>> ready(Shared callbacks) { co_return report(callbacks->ready()); }

Task<Result<RawResponse>> ready_of(Shared callbacks, RawRequest request) {
  const auto name = request.param("service");
  const auto found = callbacks->ready_of ? callbacks->ready_of(name) : std::nullopt;
  if (!found) co_return fail(not_found("no_service", "this process has no service of that name"));
  co_return report(*found);
}

Task<Result<RawResponse>> metrics(Shared callbacks) {
  RawResponse out;
  out.content_type = observability::prometheus_content_type;
  out.body = callbacks->metrics();
  co_return out;
}

}  // namespace

Routes ops_routes(Invoker& invoker, OpsCallbacks callbacks) {
  const auto shared = std::make_shared<const OpsCallbacks>(std::move(callbacks));
  Routes routes(invoker);
  routes.add_raw(health_info, [shared](Context, RawRequest) { return health(shared); });
  routes.add_raw(ready_info, [shared](Context, RawRequest) { return ready(shared); });
  routes.add_raw(ready_of_info, [shared](Context, RawRequest request) { return ready_of(shared, std::move(request)); });
  routes.add_raw(metrics_info, [shared](Context, RawRequest) { return metrics(shared); });
  return routes;
}

}  // namespace writ::http
