#include "observability/metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <shared_mutex>

#include <fmt/format.h>

#include "core/assert.h"

namespace writ::observability {
namespace {

constexpr std::string_view overflow_value = "other";
constexpr std::size_t cache_line = 64;  // bytes; series of different threads do not share one

/// Compares stored label values with those of a call, without making strings of them.
struct ByValues {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }
};

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') out += "\\\\";
    else if (c == '\n') out += "\\n";
    else if (c == '"' && quotes) out += "\\\"";
    else out += c;
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out += name;
  out += "=\"";
  append_escaped(out, value, true);
  out += '"';
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  }) && (name.front() < '0' || name.front() > '9');
}

}  // namespace

struct Histogram::Cell {
  explicit Cell(std::span<const double> b) : bounds(b), counts(b.size() + 1) {}
  std::span<const double> bounds;
  std::vector<std::atomic<std::uint64_t>> counts;  // the last one is +Inf
  std::atomic<double> sum{0};
};

void Histogram::observe(double value) const {
  const auto at = std::ranges::lower_bound(cell_->bounds, value) - cell_->bounds.begin();
  cell_->counts[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  cell_->sum.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t total = 0;
  for (const auto& count : cell_->counts) total += count.load(std::memory_order_relaxed);
  return total;
}

/// All series of one metric in one registry.
class Family {
 public:
  explicit Family(const MetricInfo& i) : info(i) {
    WRIT_ASSERT(is_name(info.name) && !info.help.empty(), "a metric has a snake_case name and says what it is");
    WRIT_ASSERT(info.type != MetricType::histogram || std::ranges::is_sorted(info.buckets), "bucket bounds rise");
    for (const auto& label : std::span(info.labels).first(info.label_count()))
      WRIT_ASSERT(is_name(label.name), "labels are snake_case");
  }

  const MetricInfo& info;

  [[nodiscard]] Counter counter(std::initializer_list<std::string_view> values) {
    return Counter(series(values).count);
  }
  [[nodiscard]] Gauge gauge(std::initializer_list<std::string_view> values) { return Gauge(series(values).level); }
  [[nodiscard]] Histogram histogram(std::initializer_list<std::string_view> values) {
    return Histogram(*series(values).histogram);
  }

  void write(std::string& out, const std::string& constant_labels) const {
    const std::shared_lock lock(mutex_);
    for (const auto& [values, one] : series_) {
      auto labels = constant_labels;
      for (std::size_t i = 0; i < values.size(); ++i) append_label(labels, info.labels[i].name, values[i]);
      switch (info.type) {
        case MetricType::counter:
          out += fmt::format("{}{{{}}} {}\n", info.name, labels, one->count.load(std::memory_order_relaxed));
          break;
        case MetricType::gauge:
          out += fmt::format("{}{{{}}} {}\n", info.name, labels, number(one->level.load(std::memory_order_relaxed)));
          break;
        case MetricType::histogram: write_histogram(out, labels, *one->histogram); break;
      }
    }
  }

 private:
  struct alignas(cache_line) Series {
    std::atomic<std::uint64_t> count{0};
    std::atomic<double> level{0};
    std::unique_ptr<Histogram::Cell> histogram;
  };

  Series& series(std::initializer_list<std::string_view> values) {
    WRIT_ASSERT(values.size() == info.label_count(), "one value for each label of the row");
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = series_.find(values); found != series_.end()) return *found->second;
    }
    std::vector<std::string> key(values.begin(), values.end());
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < key.size(); ++i) {
      const auto allowed = info.labels[i].values;
      WRIT_ASSERT(allowed.empty() || std::ranges::find(allowed, key[i]) != allowed.end(),
                  "a label value of the row's list");
      if (allowed.empty() && series_.size() >= info.series_max) key[i] = overflow_value;
    }
    auto& one = series_[std::move(key)];
    if (!one) {
      one = std::make_unique<Series>();
      if (info.type == MetricType::histogram) one->histogram = std::make_unique<Histogram::Cell>(info.buckets);
    }
    return *one;
  }

  void write_histogram(std::string& out, const std::string& labels, const Histogram::Cell& cell) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < cell.counts.size(); ++i) {
      total += cell.counts[i].load(std::memory_order_relaxed);
      const auto bound = i < cell.bounds.size() ? number(cell.bounds[i]) : "+Inf";
      out += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", info.name, labels, bound, total);
    }
    out += fmt::format("{}_sum{{{}}} {}\n", info.name, labels, number(cell.sum.load(std::memory_order_relaxed)));
    out += fmt::format("{}_count{{{}}} {}\n", info.name, labels, total);
  }

  mutable std::shared_mutex mutex_;  // guards the map; the series themselves are atomics
  std::map<std::vector<std::string>, std::unique_ptr<Series>, ByValues> series_;
};

Counter CounterFamily::with(std::initializer_list<std::string_view> values) const { return family_->counter(values); }
Gauge GaugeFamily::with(std::initializer_list<std::string_view> values) const { return family_->gauge(values); }
Histogram HistogramFamily::with(std::initializer_list<std::string_view> values) const {
  return family_->histogram(values);
}

struct Registry::Families {
  mutable std::mutex mutex;
  std::map<std::string_view, std::unique_ptr<Family>> by_name;
};

Registry::Registry(std::string service, std::string version, std::string env)
    : service_(std::move(service)),
      version_(std::move(version)),
      env_(std::move(env)),
      families_(std::make_unique<Families>()) {
  healthy().set(0);
}
Registry::~Registry() = default;

Family& Registry::family(const MetricInfo& info, MetricType type) const {
  WRIT_ASSERT(info.type == type, "a metric is used as its row says");
  const std::lock_guard lock(families_->mutex);
  auto& family = families_->by_name[info.name];
  if (!family) family = std::make_unique<Family>(info);
  WRIT_ASSERT(&family->info == &info || describe(family->info) == describe(info), "one name is one metric");
  return *family;
}

CounterFamily Registry::counters(const MetricInfo& info) { return CounterFamily(family(info, MetricType::counter)); }
GaugeFamily Registry::gauges(const MetricInfo& info) { return GaugeFamily(family(info, MetricType::gauge)); }
HistogramFamily Registry::histograms(const MetricInfo& info) {
  return HistogramFamily(family(info, MetricType::histogram));
}

std::vector<const MetricInfo*> Registry::infos() const {
  const std::lock_guard lock(families_->mutex);
  std::vector<const MetricInfo*> out;
  for (const auto& [name, family] : families_->by_name) out.push_back(&family->info);
  return out;
}

std::string write_prometheus(std::span<const Registry* const> registries) {
  struct Part {
    const Registry* registry;
    const Family* family;
  };
  std::map<std::string_view, std::vector<Part>> by_name;
  for (const auto* registry : registries) {
    const std::lock_guard lock(registry->families_->mutex);
    for (const auto& [name, family] : registry->families_->by_name) by_name[name].push_back({registry, family.get()});
  }
  std::string out;
  for (const auto& [name, parts] : by_name) {
    const auto& info = parts.front().family->info;
    out += fmt::format("# HELP {} ", name);
    append_escaped(out, info.help, false);
    out += fmt::format("\n# TYPE {} {}\n", name, to_string(info.type));
    for (const auto& part : parts) {
      WRIT_ASSERT(part.family->info.type == info.type, "one name is one metric in all services");
      std::string labels;
      append_label(labels, "service_name", part.registry->service());
      append_label(labels, "service_version", part.registry->version());
      append_label(labels, "env", part.registry->env());
      part.family->write(out, labels);
    }
  }
  return out;
}

}  // namespace writ::observability
