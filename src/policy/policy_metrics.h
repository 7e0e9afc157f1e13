// Metrics of policy-engine; PolicyProbe turns its events into them.
#pragma once

#include "observability/metrics.h"
#include "policy/api/types.h"

namespace writ::policy {

namespace metric {
inline constexpr std::array<std::string_view, 8> actions{"run.start",   "model.call",  "model.output", "tool.call",
                                                         "tool.result", "memory.read", "memory.write", "memory.erase"};
inline constexpr std::array<std::string_view, 3> verdicts{"allow", "deny", "review"};
inline constexpr observability::MetricInfo decisions{.name = "policy_decisions_total",
                                                     .help = "Recorded decisions.",
                                                     .type = observability::MetricType::counter,
                                                     .labels = {{{"action", actions}, {"decision", verdicts}}}};
inline constexpr observability::MetricInfo evaluate_seconds{.name = "policy_evaluate_seconds",
                                                            .help = "From question to committed answer.",
                                                            .type = observability::MetricType::histogram};
inline constexpr observability::MetricInfo refused_budget{.name = "policy_budget_refusals_total",
                                                          .help = "Calls refused because a window is spent.",
                                                          .type = observability::MetricType::counter};
inline constexpr observability::MetricInfo settled_tokens{
    .name = "policy_settled_tokens_total", .help = "Tokens charged.", .type = observability::MetricType::counter};
inline constexpr observability::MetricInfo overrun_tokens{.name = "policy_overrun_tokens_total",
                                                          .help = "Tokens charged beyond their reservation.",
                                                          .type = observability::MetricType::counter};
inline constexpr observability::MetricInfo constitution_version{.name = "policy_constitution_version_count",
                                                                .help = "Version of the constitution in force.",
                                                                .type = observability::MetricType::gauge};
inline constexpr observability::MetricInfo constitution_refused{.name = "policy_constitution_refused_total",
                                                                .help = "Constitutions that did not become active.",
                                                                .type = observability::MetricType::counter};
inline constexpr observability::MetricInfo audit_checkpoints{.name = "policy_audit_checkpoints_total",
                                                             .help = "Signed checkpoints.",
                                                             .type = observability::MetricType::counter};
}  // namespace metric

class PolicyProbe {
 public:
  explicit PolicyProbe(observability::Registry& registry)
      : decisions_(registry.counters(metric::decisions)),
        evaluate_(registry.histogram(metric::evaluate_seconds)),
        refused_(registry.counter(metric::refused_budget)),
        settled_(registry.counter(metric::settled_tokens)),
        overrun_(registry.counter(metric::overrun_tokens)),
        version_(registry.gauge(metric::constitution_version)),
        constitution_refused_(registry.counter(metric::constitution_refused)),
        checkpoints_(registry.counter(metric::audit_checkpoints)) {}
  void decided(Action action, Verdict verdict, std::chrono::nanoseconds took) {
    decisions_.with({schema::name_of(action), schema::name_of(verdict)}).add();
    evaluate_.observe(took);
  }
  void budget_refused() { refused_.add(); }
  void settled(Tokens tokens, Tokens overrun) {
    settled_.add(static_cast<std::uint64_t>(tokens.value));
    overrun_.add(static_cast<std::uint64_t>(overrun.value));
  }
  void constitution_active(std::int64_t version) { version_.set(static_cast<double>(version)); }
  void constitution_refused() { constitution_refused_.add(); }
  void checkpoint_signed() { checkpoints_.add(); }

 private:
  observability::CounterFamily decisions_;
  observability::Histogram evaluate_;
  observability::Counter refused_, settled_, overrun_;
  observability::Gauge version_;
  observability::Counter constitution_refused_, checkpoints_;
};

}  // namespace writ::policy
