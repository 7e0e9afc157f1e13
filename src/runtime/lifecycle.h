// Lifecycle: starts services in order and stops them in reverse, with or without an address to serve on.
#pragma once

#include <deque>
#include <memory>
#include <span>

#include "observability/log.h"
#include "runtime/service.h"

namespace writ::runtime {

class Lifecycle {
 public:
  /// Everything given outlives it.
  Lifecycle(async::Loops& loops, const observability::Logger& log) : loops_(&loops), log_(&log) {}
  /// stop() was awaited before when start() was. Destroys the services in reverse order.
  ~Lifecycle();
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  /// Before start(). A service comes after those it asks.
  void add(Service service);
  /// Errors: the first service's that did not start, beginning with its name; those before it are then stopped again.
  [[nodiscard]] Task<Status> start();
  /// Tells every service of the coming stop. Thread: any, once.
  void drain();
  /// Stops tasks and flushes, the last service first. Every service is stopped, whatever happens to the others.
  /// Errors: the first one, naming its service; the others are logged.
  [[nodiscard]] Task<Status> stop(Millis patience);

  /// Tasks of all services that have not ended.
  [[nodiscard]] std::size_t running() const;
  /// In order of start; its members do not move.
  [[nodiscard]] const std::deque<Service>& services() const { return services_; }

 private:
  [[nodiscard]] Task<Status> stop_one(std::size_t index, SteadyTime until);

  async::Loops* loops_;
  const observability::Logger* log_;
  std::deque<Service> services_;
  std::deque<async::TaskGroup> tasks_;  // of the service with the same index
  std::size_t started_ = 0;
};

}  // namespace writ::runtime
