// Metrics of one service: a registry with constant labels, and handles that components resolve in their constructors.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "observability/metric_info.h"

namespace writ::observability {

class Family;

/// Handles are copied freely, are valid as long as their registry, and are written from any thread without a lock.
class Counter {
 public:
  void add(std::uint64_t n = 1) const { cell_->fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return cell_->load(std::memory_order_relaxed); }

 private:
  friend class Family;
  explicit Counter(std::atomic<std::uint64_t>& cell) : cell_(&cell) {}
  std::atomic<std::uint64_t>* cell_;
};

class Gauge {
 public:
  void set(double value) const { cell_->store(value, std::memory_order_relaxed); }
  void add(double delta) const { cell_->fetch_add(delta, std::memory_order_relaxed); }
  [[nodiscard]] double value() const { return cell_->load(std::memory_order_relaxed); }

 private:
  friend class Family;
  explicit Gauge(std::atomic<double>& cell) : cell_(&cell) {}
  std::atomic<double>* cell_;
};

class Histogram {
 public:
  /// In the metric's unit, which is seconds unless its name says otherwise.
  void observe(double value) const;
  void observe(std::chrono::nanoseconds duration) const { observe(std::chrono::duration<double>(duration).count()); }
  [[nodiscard]] std::uint64_t count() const;

 private:
  friend class Family;
  struct Cell;
  explicit Histogram(Cell& cell) : cell_(&cell) {}
  Cell* cell_;
};

/// The series of one metric, by label values in the order of its row. Resolve once and keep the handle where you can:
/// with() takes a lock. More than `series_max` combinations share the series "other"; a value that a label's list
/// does not hold is a bug and asserts.
class CounterFamily {
 public:
  [[nodiscard]] Counter with(std::initializer_list<std::string_view> values) const;

 private:
  friend class Registry;
  explicit CounterFamily(Family& family) : family_(&family) {}
  Family* family_;
};

class GaugeFamily {
 public:
  [[nodiscard]] Gauge with(std::initializer_list<std::string_view> values) const;

 private:
  friend class Registry;
  explicit GaugeFamily(Family& family) : family_(&family) {}
  Family* family_;
};

class HistogramFamily {
 public:
  [[nodiscard]] Histogram with(std::initializer_list<std::string_view> values) const;

 private:
  friend class Registry;
  explicit HistogramFamily(Family& family) : family_(&family) {}
  Family* family_;
};

/// One per service. The same row may be asked for by several components: they share its series. Thread: any.
class Registry {
 public:
  Registry(std::string service, std::string version, std::string env);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// For metrics without labels. The type must be the row's.
  [[nodiscard]] Counter counter(const MetricInfo& info) { return counters(info).with({}); }
  [[nodiscard]] Gauge gauge(const MetricInfo& info) { return gauges(info).with({}); }
  [[nodiscard]] Histogram histogram(const MetricInfo& info) { return histograms(info).with({}); }
  [[nodiscard]] CounterFamily counters(const MetricInfo& info);
  [[nodiscard]] GaugeFamily gauges(const MetricInfo& info);
  [[nodiscard]] HistogramFamily histograms(const MetricInfo& info);

  /// `service_healthy`: 1 while every required readiness check passes; `runtime` sets it.
  [[nodiscard]] Gauge healthy() { return gauge(healthy_info); }
  [[nodiscard]] const std::string& service() const { return service_; }
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] const std::string& env() const { return env_; }
  /// The rows in use, by name.
  [[nodiscard]] std::vector<const MetricInfo*> infos() const;

  static constexpr MetricInfo healthy_info{
      .name = "service_healthy",
      .help = "1 while every required readiness check of the service passes, else 0.",
      .type = MetricType::gauge};

 private:
  friend std::string write_prometheus(std::span<const Registry* const> registries);
  struct Families;
  Family& family(const MetricInfo& info, MetricType type) const;

  const std::string service_, version_, env_;
  std::unique_ptr<Families> families_;
};

/// Text exposition 0.0.4 of all registries; a family that several have stands once, with one HELP and TYPE.
[[nodiscard]] std::string write_prometheus(std::span<const Registry* const> registries);
inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace writ::observability
