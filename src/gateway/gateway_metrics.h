// Metrics of gateway-api beyond those of its operations; GatewayProbe turns its events into them.
#pragma once

#include "observability/metrics.h"
#include "slm/api/types.h"

namespace writ::gateway {

enum class Mode { whole, stream };
enum class Refused { policy_denied, review_required };

namespace metric {
using observability::MetricInfo;
using observability::MetricType;

inline constexpr std::array<std::string_view, 2> modes{"whole", "stream"};
inline constexpr std::array<std::string_view, 4> finishes{"stop", "length", "tool_calls", "content_filter"};
inline constexpr std::array<std::string_view, 2> refusals{"policy_denied", "review_required"};
inline constexpr std::array<std::string_view, 4> token_errors{"invalid_request", "invalid_client",
                                                              "unsupported_grant_type", "invalid_scope"};

inline constexpr MetricInfo completions{.name = "gateway_chat_completions_total",
                                        .help = "Chat completions that reached their end.",
                                        .type = MetricType::counter,
                                        .labels = {{{"mode", modes}, {"finish", finishes}}}};
inline constexpr MetricInfo streamed{.name = "gateway_streamed_bytes_total",
                                     .help = "Bytes of chat completion chunks handed to clients.",
                                     .type = MetricType::counter};
inline constexpr MetricInfo refused{.name = "gateway_direct_calls_refused_total",
                                    .help = "Model calls of clients that policy did not allow.",
                                    .type = MetricType::counter,
                                    .labels = {{{"by", refusals}}}};
inline constexpr MetricInfo token_refused{
    .name = "gateway_token_refusals_total",
    .help = "Refusals of the token endpoint, which answers them itself in the shape of RFC 6749.",
    .type = MetricType::counter,
    .labels = {{{"error", token_errors}}}};
inline constexpr MetricInfo rate_refused{.name = "gateway_rate_refused_total",
                                         .help = "Requests that a rate limit of the constitution refused, by its id.",
                                         .type = MetricType::counter,
                                         .labels = {{{"limit"}}}};
}  // namespace metric

/// Thread: any.
class GatewayProbe {
 public:
  explicit GatewayProbe(observability::Registry& registry)
      : completions_(registry.counters(metric::completions)),
        streamed_(registry.counter(metric::streamed)),
        refused_(registry.counters(metric::refused)),
        token_refused_(registry.counters(metric::token_refused)),
        rate_refused_(registry.counters(metric::rate_refused)) {}
  void completed(Mode mode, slm::FinishReason finish) const {
    completions_.with({metric::modes.at(static_cast<std::size_t>(mode)), schema::name_of(finish)}).add();
  }
  void streamed(std::size_t bytes) const { streamed_.add(bytes); }
  void refused(Refused by) const { refused_.with({metric::refusals.at(static_cast<std::size_t>(by))}).add(); }
  [[nodiscard]] observability::Counter rate_refused(std::string_view limit) const {
    return rate_refused_.with({limit});
  }
  /// `error` is one of metric::token_errors.
  void token_refused(std::string_view error) const { token_refused_.with({error}).add(); }

 private:
  observability::CounterFamily completions_;
  observability::Counter streamed_;
  observability::CounterFamily refused_, token_refused_, rate_refused_;
};

}  // namespace writ::gateway
