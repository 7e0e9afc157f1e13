#include "http/invoke.h"

#include <array>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "core/assert.h"
#include "http/access.h"

namespace writ::http {
namespace {

using observability::MetricInfo;
using observability::MetricType;

constexpr std::size_t outcome_count = 13;  // "ok" and one per ErrorKind
constexpr auto kind_count = static_cast<std::size_t>(ErrorKind::internal) + 1;
static_assert(outcome_count == kind_count + 1);

const std::array<std::string_view, outcome_count>& outcomes() {
  static const auto names = [] {
    std::array<std::string_view, outcome_count> out{"ok"};
    for (std::size_t i = 0; i < kind_count; ++i) out.at(i + 1) = info(static_cast<ErrorKind>(i)).label;
    return out;
  }();
  return names;
}

// Operations times outcomes: about 60 operations of one service at the most, 13 outcomes.
constexpr std::size_t series_max = 1024;
constexpr MetricInfo server_total{.name = "requests_total",
                                  .help = "Operations by outcome: ok, or the kind of the error.",
                                  .labels = {{{"operation"}, {"outcome"}}},
                                  .series_max = series_max};
constexpr MetricInfo server_seconds{.name = "request_seconds",
                                    .help = "Time from a request's head to its answer, or to the end of its stream.",
                                    .type = MetricType::histogram,
                                    .labels = {{{"operation"}}}};
constexpr MetricInfo server_in_flight{.name = "requests_in_flight",
                                      .help = "Operations at work, open streams included.",
                                      .type = MetricType::gauge,
                                      .labels = {{{"operation"}}}};
constexpr MetricInfo client_total{.name = "client_requests_total",
                                  .help = "Calls of other services' operations by outcome.",
                                  .labels = {{{"operation"}, {"outcome"}}},
                                  .series_max = series_max};
constexpr MetricInfo client_seconds{.name = "client_request_seconds",
                                    .help = "Time of calls of other services' operations.",
                                    .type = MetricType::histogram,
                                    .labels = {{{"operation"}}}};
constexpr MetricInfo client_in_flight{.name = "client_requests_in_flight",
                                      .help = "Calls of other services that are not answered yet.",
                                      .type = MetricType::gauge,
                                      .labels = {{{"operation"}}}};

}  // namespace

struct OperationProbe {
  std::vector<observability::Counter> total;  // in the order of outcomes()
  observability::Histogram seconds;
  observability::Gauge in_flight;
};

struct Invoker::State {
  State(observability::Registry& r, observability::SpanSink& s) : registry(r), spans(s) {}
  observability::Registry& registry;
  observability::SpanSink& spans;
  std::shared_mutex mutex;
  std::array<std::map<std::string, OperationProbe, std::less<>>, 2> probes;  // by side
};

Invoker::Invoker(observability::Registry& registry, observability::SpanSink& spans)
    : state_(std::make_unique<State>(registry, spans)) {}
Invoker::~Invoker() = default;

const std::string& Invoker::service() const { return state_->registry.service(); }

const OperationProbe& Invoker::probe(std::string_view operation, Side side) {
  auto& probes = state_->probes.at(static_cast<std::size_t>(side));
  {
    const std::shared_lock lock(state_->mutex);
    if (const auto found = probes.find(operation); found != probes.end()) return found->second;
  }
  const bool server = side == Side::server;
  auto& registry = state_->registry;
  const std::unique_lock lock(state_->mutex);
  if (const auto found = probes.find(operation); found != probes.end()) return found->second;
  OperationProbe made{{},
                      registry.histograms(server ? server_seconds : client_seconds).with({operation}),
                      registry.gauges(server ? server_in_flight : client_in_flight).with({operation})};
  for (auto outcome : outcomes())
    made.total.push_back(registry.counters(server ? server_total : client_total).with({operation, outcome}));
  return probes.emplace(std::string(operation), std::move(made)).first->second;
}

Invocation::Invocation(Invoker& invoker, const OperationInfo& info, Trace parent, Invoker::Side side)
    : invoker_(&invoker),
      info_(&info),
      probe_(&invoker.probe(info.id, side)),
      side_(side),
      parent_span_id_(parent.span_id),
      trace_(observability::child_of(parent)),
      started_(system_clock().steady()) {
  probe_->in_flight.add(1);
}

Invocation::Invocation(Invocation&& other) noexcept
    : invoker_(std::exchange(other.invoker_, nullptr)),
      info_(other.info_),
      probe_(other.probe_),
      side_(other.side_),
      parent_span_id_(std::move(other.parent_span_id_)),
      trace_(std::move(other.trace_)),
      started_(other.started_) {}

Invocation::~Invocation() {
  if (invoker_ == nullptr) return;
  const auto dropped = cancelled("invoke");
  end(&dropped);
}

Status Invocation::admit(Context& ctx) {
  ctx.trace = trace_;
  if (ctx.expired()) {
    auto late = deadline_exceeded(std::string(info_->id));
    late.outcome = Outcome::not_sent;
    return fail(std::move(late));
  }
  ctx.deadline = std::min(ctx.deadline, system_clock().steady() + info_->deadline);
  return check_access(*info_, ctx.principal, ctx.caller);
}

void Invocation::end(const Error* error) {
  auto* const invoker = std::exchange(invoker_, nullptr);
  if (invoker == nullptr) return;
  const auto took = system_clock().steady() - started_;
  probe_->in_flight.add(-1);
  probe_->total.at(error == nullptr ? 0 : static_cast<std::size_t>(error->kind) + 1).add();
  probe_->seconds.observe(took);
  auto& sink = invoker->state_->spans;
  if (&sink == &observability::null_span_sink()) return;
  observability::Span span;
  span.name = info_->id;
  span.service = invoker->service();
  span.kind = side_ == Invoker::Side::server ? observability::SpanKind::server : observability::SpanKind::client;
  span.trace = trace_;
  span.parent_span_id = parent_span_id_;
  span.duration = took;
  span.start = system_clock().now() - std::chrono::duration_cast<Millis>(took);
  if (error != nullptr) {
    span.status = observability::SpanStatus::error;
    span.attributes = {{"error.kind", std::string(info(error->kind).label)}, {"error.code", error->code}};
  }
  sink.finished(std::move(span));
}

Error Invocation::crashed() const {
  std::string what;
  try {
    throw;
  } catch (const std::exception& e) { what = e.what(); } catch (...) {
    what = "an exception of unknown type";
  }
  auto error = internal(std::move(what), std::string(info_->id));
  error.outcome = Outcome::unknown;
  return error;
}

Error Invocation::of_method(Error error) {
  const bool half_way =
      error.kind == ErrorKind::deadline || error.kind == ErrorKind::cancelled || error.kind == ErrorKind::internal;
  if (half_way && error.outcome == Outcome::refused) error.outcome = Outcome::unknown;
  return error;
}

}  // namespace writ::http
