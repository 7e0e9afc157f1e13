// MetricInfo: one row of data that declares a metric; the text exposition, the docs and `writ describe` come from it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "core/json.h"

namespace writ::observability {

enum class MetricType { counter, gauge, histogram };
[[nodiscard]] std::string_view to_string(MetricType type);

/// A label and the values it may have. No values listed: they come from the code at run time (operation ids, model
/// names of the registry), never from a tenant, user, path or request.
struct Label {
  std::string_view name;
  std::span<const std::string_view> values{};
};

/// Upper bounds in seconds of request-like work: 0.5 ms (a cached decision) to 60 s (a model call).
inline constexpr std::array<double, 15> latency_buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                        0.25,   0.5,   1,      2.5,   5,    15,    60};

/// Lives as long as the process (a constant): registries keep its address.
struct MetricInfo {
  std::string_view name;  // ends with `_total` (counter) or a unit (`_seconds`, `_bytes`, `_tokens`)
  std::string_view help;
  MetricType type = MetricType::counter;
  std::array<Label, 4> labels{};                         // unused ones have no name
  std::span<const double> buckets = latency_buckets;     // of histograms: rising upper bounds, +Inf is added
  std::size_t series_max = 512;  // per registry; what comes after is counted under the label value "other"

  [[nodiscard]] constexpr std::size_t label_count() const {
    std::size_t n = 0;
    while (n < labels.size() && !labels[n].name.empty()) ++n;
    return n;
  }
};

/// {name, type, help, labels: [{name, values?}], buckets?} for `writ describe`.
[[nodiscard]] json::object describe(const MetricInfo& info);
/// Sorted by name; a metric that several components declare stands once.
[[nodiscard]] json::array describe(std::span<const MetricInfo* const> infos);

}  // namespace writ::observability
