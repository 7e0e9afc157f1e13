#include "runtime/lifecycle.h"

#include <exception>

#include "core/assert.h"

namespace writ::runtime {
namespace {

constexpr std::size_t tasks_max = 4096;     // of one service: runs at work plus a few loops of its own
constexpr Millis flush_min = Seconds{1};    // a service that comes late in the stop still gets this long

/// Awaits a hook; an exception of it is a defect of the service, not of the process's stop.
template <class Hook, class... Args>
Task<Status> run_hook(const Hook& hook, Args... args) {
  if (!hook) co_return Status{};
  try {
    co_return co_await hook(args...);
  } catch (const std::exception& crash) { co_return fail(internal(crash.what())); }
}

}  // namespace

Lifecycle::~Lifecycle() {
  WRIT_ASSERT(started_ == 0, "stop() is awaited before the services are destroyed");
  while (!services_.empty()) {
    tasks_.pop_back();
    services_.pop_back();
  }
}

void Lifecycle::add(Service service) {
  WRIT_ASSERT(started_ == 0 && !service.name.empty(), "services are named and added before the start");
  tasks_.emplace_back(service.name, tasks_max);
  services_.push_back(std::move(service));
}

Task<Status> Lifecycle::start() {
  for (auto& service : services_) {
    const auto begun = system_clock().steady();
    auto& tasks = tasks_[started_];
    ++started_;  // also a service whose start fails half-way has things to stop
    auto started = co_await run_hook(service.start, Scope{*loops_, tasks});
    if (!started) {
      if (const auto stopped = co_await stop(flush_min); !stopped) log_->failed("stop_failed", stopped.error());
      co_return fail(std::move(started).error().while_doing("starting " + service.name));
    }
    log_->info("service_started", {{"name", service.name}, {"took_ms", system_clock().steady() - begun}});
  }
  co_return Status{};
}

std::size_t Lifecycle::running() const {
  std::size_t out = 0;
  for (const auto& tasks : tasks_) out += tasks.running();
  return out;
}

void Lifecycle::drain() {
  for (const auto& service : services_)
    if (service.drain) service.drain();
}

Task<Status> Lifecycle::stop(Millis patience) {
  const auto until = system_clock().steady() + patience;
  Status first;
  while (started_ > 0) {
    const auto index = --started_;
    const auto begun = system_clock().steady();
    auto stopped = co_await stop_one(index, until);
    if (stopped) {
      log_->info("service_stopped", {{"name", services_[index].name}, {"took_ms", system_clock().steady() - begun}});
      continue;
    }
    auto error = std::move(stopped).error().while_doing("stopping " + services_[index].name);
    if (first) first = fail(std::move(error));
    else log_->failed("stop_failed", error);
  }
  co_return first;
}

Task<Status> Lifecycle::stop_one(std::size_t index, SteadyTime until) {
  const auto left = std::chrono::duration_cast<Millis>(until - system_clock().steady());
  auto tasks_ended = co_await tasks_[index].stop(std::max(left, flush_min));
  auto flushed = co_await run_hook(services_[index].flush);
  co_return tasks_ended ? flushed : tasks_ended;
}

}  // namespace writ::runtime
