// Metrics of the orchestrator; OrchestratorProbe turns its events into them.
#pragma once

#include "observability/metrics.h"
#include "orchestrator/api/types.h"

namespace writ::orchestrator {

namespace metric {
inline constexpr std::array<std::string_view, 4> ends{"completed", "denied", "failed", "cancelled"};
inline constexpr std::array<std::string_view, 3> live{"running", "waiting_review", "waiting_dependency"};
inline constexpr std::array<std::string_view, 3> kinds{"start", "model", "tool"};
inline constexpr std::array<std::string_view, 4> outcomes{"result", "tool_error", "denied", "failed"};
inline constexpr std::array<std::string_view, 6> reviews{"open", "approved", "denied", "retried", "done", "expired"};
using observability::MetricType;
inline constexpr observability::MetricInfo runs_started{
    .name = "orchestrator_runs_started_total", .help = "Runs that were started.", .type = MetricType::counter};
inline constexpr observability::MetricInfo runs_finished{.name = "orchestrator_runs_finished_total",
                                                         .help = "Runs that have ended.",
                                                         .type = MetricType::counter,
                                                         .labels = {{{"status", ends}}}};
inline constexpr observability::MetricInfo runs_unfinished{.name = "orchestrator_runs_unfinished_count",
                                                           .help = "Runs that have not ended.",
                                                           .type = MetricType::gauge,
                                                           .labels = {{{"status", live}}}};
inline constexpr observability::MetricInfo runs_driven{
    .name = "orchestrator_runs_driven_count", .help = "Runs that this process drives now.", .type = MetricType::gauge};
inline constexpr observability::MetricInfo steps{.name = "orchestrator_steps_total",
                                                 .help = "Steps begun, each attempt.",
                                                 .type = MetricType::counter,
                                                 .labels = {{{"kind", kinds}}}};
inline constexpr observability::MetricInfo restarts{.name = "orchestrator_step_restarts_total",
                                                    .help = "Steps that were cut off and tried again.",
                                                    .type = MetricType::counter};
inline constexpr observability::MetricInfo waits{.name = "orchestrator_dependency_waits_total",
                                                 .help = "Times a run parked because a dependency was down.",
                                                 .type = MetricType::counter};
inline constexpr observability::MetricInfo tool_calls{.name = "orchestrator_tool_calls_total",
                                                      .help = "Tool calls, by what came of them.",
                                                      .type = MetricType::counter,
                                                      .labels = {{{"outcome", outcomes}}}};
inline constexpr observability::MetricInfo review_events{.name = "orchestrator_reviews_total",
                                                         .help = "Reviews, by what happened to them.",
                                                         .type = MetricType::counter,
                                                         .labels = {{{"status", reviews}}}};
inline constexpr observability::MetricInfo outbox_waiting{.name = "orchestrator_outbox_waiting_count",
                                                          .help = "Facts that the audit chain must still be told.",
                                                          .type = MetricType::gauge};
}  // namespace metric

class OrchestratorProbe {
 public:
  explicit OrchestratorProbe(observability::Registry& registry)
      : started_(registry.counter(metric::runs_started)),
        finished_(registry.counters(metric::runs_finished)),
        unfinished_(registry.gauges(metric::runs_unfinished)),
        driven_(registry.gauge(metric::runs_driven)),
        steps_(registry.counters(metric::steps)),
        restarts_(registry.counter(metric::restarts)),
        waits_(registry.counter(metric::waits)),
        tool_calls_(registry.counters(metric::tool_calls)),
        reviews_(registry.counters(metric::review_events)),
        outbox_(registry.gauge(metric::outbox_waiting)) {}

  void run_started() { started_.add(); }
  void run_finished(RunStatus status) { finished_.with({schema::name_of(status)}).add(); }
  void unfinished(RunStatus status, std::int64_t count) {
    unfinished_.with({schema::name_of(status)}).set(static_cast<double>(count));
  }
  void driven(double change) { driven_.add(change); }
  void step(std::string_view kind) { steps_.with({kind}).add(); }
  void restarted() { restarts_.add(); }
  void waits() { waits_.add(); }
  void tool_call(std::string_view outcome) { tool_calls_.with({outcome}).add(); }
  void review(ReviewStatus status) { reviews_.with({schema::name_of(status)}).add(); }
  void outbox(std::size_t waiting) { outbox_.set(static_cast<double>(waiting)); }

 private:
  observability::Counter started_;
  observability::CounterFamily finished_;
  observability::GaugeFamily unfinished_;
  observability::Gauge driven_;
  observability::CounterFamily steps_;
  observability::Counter restarts_, waits_;
  observability::CounterFamily tool_calls_, reviews_;
  observability::Gauge outbox_;
};

}  // namespace writ::orchestrator
