// Metrics of slm-service; ModelProbe turns one model's events into them. Model ids come from the registry alone.
#pragma once

#include "observability/metrics.h"
#include "slm/api/types.h"

namespace writ::slm {

enum class AnswerEnd { stop, length, tool_calls, cancelled, deadline, error };

namespace metric {
using observability::MetricInfo;
using observability::MetricType;

inline constexpr std::array<std::string_view, 6> ends{"stop", "length", "tool_calls", "cancelled", "deadline", "error"};
inline constexpr std::array<std::string_view, 2> token_types{"input", "output"};
/// Seconds of one generated token: 1 ms (a tiny model) to 1 s (a crowded CPU).
inline constexpr std::array<double, 10> token_buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};

inline constexpr MetricInfo queue{.name = "gen_ai_server_queue_seconds",
                                  .help = "From the request to its slot.",
                                  .type = MetricType::histogram,
                                  .labels = {{{"model"}}}};
inline constexpr MetricInfo first_token{.name = "gen_ai_server_time_to_first_token_seconds",
                                        .help = "From the request to its first generated token.",
                                        .type = MetricType::histogram,
                                        .labels = {{{"model"}}}};
inline constexpr MetricInfo per_token{.name = "gen_ai_server_time_per_output_token_seconds",
                                      .help = "Mean time of an answer's tokens after its first.",
                                      .type = MetricType::histogram,
                                      .labels = {{{"model"}}},
                                      .buckets = token_buckets};
inline constexpr MetricInfo duration{.name = "gen_ai_server_request_duration_seconds",
                                     .help = "From the request to the end of its answer.",
                                     .type = MetricType::histogram,
                                     .labels = {{{"model"}, {"end", ends}}}};
inline constexpr MetricInfo tokens{.name = "gen_ai_server_tokens_total",
                                   .help = "Prompt tokens of started answers, and generated tokens.",
                                   .type = MetricType::counter,
                                   .labels = {{{"model"}, {"type", token_types}}}};
inline constexpr MetricInfo decode_calls{.name = "slm_decode_calls_total",
                                         .help = "Steps of the batching engine; one serves all slots.",
                                         .type = MetricType::counter,
                                         .labels = {{{"model"}}}};
inline constexpr MetricInfo prefix_reused{.name = "slm_prefix_reused_tokens_total",
                                          .help = "Prompt tokens that needed no decoding.",
                                          .type = MetricType::counter,
                                          .labels = {{{"model"}}}};
inline constexpr MetricInfo refused{.name = "slm_queue_refusals_total",
                                    .help = "Requests refused because the queue was full.",
                                    .type = MetricType::counter,
                                    .labels = {{{"model"}}}};
inline constexpr MetricInfo active_slots{.name = "slm_active_slots_count",
                                         .help = "Answers being generated.",
                                         .type = MetricType::gauge,
                                         .labels = {{{"model"}}}};
inline constexpr MetricInfo waiting{.name = "slm_waiting_requests_count",
                                    .help = "Requests that wait for a slot.",
                                    .type = MetricType::gauge,
                                    .labels = {{{"model"}}}};
inline constexpr MetricInfo load_seconds{.name = "slm_model_load_seconds",
                                         .help = "How long the model took to load; 0 while it is not loaded.",
                                         .type = MetricType::gauge,
                                         .labels = {{{"model"}}}};
inline constexpr std::array<std::string_view, 3> grammar_ends{"compiled", "refused", "cached"};
inline constexpr MetricInfo grammars{
    .name = "slm_grammars_total",
    .help = "Grammars of answers: compiled, refused by the engine, or found in the cache.",
    .type = MetricType::counter,
    .labels = {{{"end", grammar_ends}}}};
inline constexpr MetricInfo grammar_seconds{.name = "slm_grammar_compile_seconds",
                                            .help = "How long a grammar took to compile, refused ones included.",
                                            .type = MetricType::histogram};
}  // namespace metric

/// Thread: any.
class CompilerProbe {
 public:
  explicit CompilerProbe(observability::Registry& registry)
      : compiled_(registry.counters(metric::grammars).with({"compiled"})),
        refused_(registry.counters(metric::grammars).with({"refused"})),
        cached_(registry.counters(metric::grammars).with({"cached"})),
        seconds_(registry.histogram(metric::grammar_seconds)) {}
  void found() const { cached_.add(); }
  void compiled(bool good, std::chrono::nanoseconds took) const {
    (good ? compiled_ : refused_).add();
    seconds_.observe(took);
  }

 private:
  observability::Counter compiled_, refused_, cached_;
  observability::Histogram seconds_;
};

/// Thread: any.
class ModelProbe {
 public:
  ModelProbe(observability::Registry& registry, std::string_view model)
      : queue_(registry.histograms(metric::queue).with({model})),
        first_token_(registry.histograms(metric::first_token).with({model})),
        per_token_(registry.histograms(metric::per_token).with({model})),
        durations_{duration_of(registry, model, 0), duration_of(registry, model, 1), duration_of(registry, model, 2),
                   duration_of(registry, model, 3), duration_of(registry, model, 4), duration_of(registry, model, 5)},
        input_(registry.counters(metric::tokens).with({model, "input"})),
        output_(registry.counters(metric::tokens).with({model, "output"})),
        decode_calls_(registry.counters(metric::decode_calls).with({model})),
        prefix_reused_(registry.counters(metric::prefix_reused).with({model})),
        refused_(registry.counters(metric::refused).with({model})),
        active_(registry.gauges(metric::active_slots).with({model})),
        waiting_(registry.gauges(metric::waiting).with({model})),
        load_(registry.gauges(metric::load_seconds).with({model})) {}

  void loaded(std::chrono::duration<double> took) const { load_.set(took.count()); }
  void queue_full() const { refused_.add(); }
  void waiting(std::size_t requests) const { waiting_.set(static_cast<double>(requests)); }
  void active(std::int32_t slots) const { active_.set(slots); }
  void started(std::chrono::nanoseconds waited, Tokens prompt, std::int32_t reused) const {
    queue_.observe(waited);
    input_.add(static_cast<std::uint64_t>(prompt.value));
    prefix_reused_.add(static_cast<std::uint64_t>(reused));
  }
  void decoded() const { decode_calls_.add(); }
  void generated(std::int32_t tokens) const { output_.add(static_cast<std::uint64_t>(tokens)); }
  void first_token(std::chrono::nanoseconds after) const { first_token_.observe(after); }
  /// `per_token` is nothing when there was no second token.
  void ended(AnswerEnd end, std::chrono::nanoseconds took, std::optional<std::chrono::nanoseconds> per_token) const {
    durations_.at(static_cast<std::size_t>(end)).observe(took);
    if (per_token) per_token_.observe(*per_token);
  }

 private:
  static observability::Histogram duration_of(observability::Registry& registry, std::string_view model,
                                              std::size_t end) {
    return registry.histograms(metric::duration).with({model, metric::ends.at(end)});
  }

  observability::Histogram queue_, first_token_, per_token_;
  std::array<observability::Histogram, metric::ends.size()> durations_;  // by AnswerEnd
  observability::Counter input_, output_, decode_calls_, prefix_reused_, refused_;
  observability::Gauge active_, waiting_, load_;
};

}  // namespace writ::slm
