#include "observability/metric_info.h"

#include <map>
#include <string>

#include "core/assert.h"

namespace writ::observability {

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::counter: return "counter";
    case MetricType::gauge: return "gauge";
    case MetricType::histogram: return "histogram";
  }
  return "";
}

json::object describe(const MetricInfo& info) {
  json::object out{{"name", info.name}, {"type", to_string(info.type)}, {"help", info.help}};
  json::array labels;
  for (const auto& label : std::span(info.labels).first(info.label_count())) {
    json::object one{{"name", label.name}};
    if (!label.values.empty()) {
      json::array values;
      for (auto value : label.values) values.emplace_back(value);
      one["values"] = std::move(values);
    }
    labels.push_back(std::move(one));
  }
  out["labels"] = std::move(labels);
  if (info.type == MetricType::histogram) {
    json::array buckets;
    for (auto bound : info.buckets) buckets.emplace_back(bound);
    out["buckets"] = std::move(buckets);
  }
  return out;
}

json::array describe(std::span<const MetricInfo* const> infos) {
  std::map<std::string_view, const MetricInfo*> by_name;
  for (const auto* info : infos) {
    const auto [at, is_new] = by_name.emplace(info->name, info);
    WRIT_ASSERT(is_new || at->second == info || describe(*at->second) == describe(*info), "one name is one metric");
  }
  json::array out;
  for (const auto& [name, info] : by_name) out.push_back(describe(*info));
  return out;
}

}  // namespace writ::observability
