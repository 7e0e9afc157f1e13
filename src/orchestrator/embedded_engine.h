// EmbeddedEngine: the host that drives runs inside this process. Runs live in the store; it claims those that are due,
// one driver each, and lets go of them while they wait.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "async/loops.h"
#include "async/task_group.h"
#include "orchestrator/run_clock.h"
#include "orchestrator/run_driver.h"

namespace writ::orchestrator {

/// Thread: any, but start() once.
class EmbeddedEngine {
 public:
  /// `owner`: this host's name in leases; the same after a restart.
  EmbeddedEngine(DriverDeps deps, async::Loops& loops, std::string owner);

  /// Takes back what a run of this host left behind and drives all unfinished runs from `tasks` until it stops.
  /// Errors: those of the store; unavailable (stopping).
  [[nodiscard]] Task<Status> start(async::TaskGroup& tasks);
  /// A run became due: started, answered, or cancelled.
  void wake() { due_.notify(); }
  /// Drops what the run is doing; its driver then looks at what happened.
  void interrupt(const RunId& run);
  [[nodiscard]] std::size_t driven() const { return runs_.running(); }

 private:
  struct Active {
    std::int64_t fence = 0;
    std::stop_source stop;
  };
  [[nodiscard]] Task<void> schedule(std::stop_token stop);
  /// Once a third of a lease: this host's sign of life, and a look at those of others.
  [[nodiscard]] Task<void> keep_leases();
  /// Gives back what this host has and does not drive: a claim whose answer came too late.
  [[nodiscard]] Task<void> give_back_strays();
  /// Until the time or a wake-up; also returns when the machine's clock was set.
  [[nodiscard]] Task<void> wait(SteadyTime until, std::stop_token stop);
  /// Claims and spawns; gives when to look again.
  [[nodiscard]] Task<SteadyTime> claim(SteadyTime latest);
  [[nodiscard]] Task<void> drive(Claim claim, std::stop_source interrupt);
  [[nodiscard]] Context own_context() const;
  void interrupt_all();

  const DriverDeps deps_;
  async::Loops& loops_;
  const std::string owner_;
  async::TaskGroup runs_;
  async::Signal due_;
  ClockSteps steps_;
  LeaseWatch others_;
  std::stop_source stopping_;  // of the drivers; requested before they are interrupted, so that they know why
  std::mutex mutex_;
  std::map<RunId, Active> active_;
};

}  // namespace writ::orchestrator
