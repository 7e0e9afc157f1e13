#include "orchestrator/embedded_engine.h"

#include <algorithm>

namespace writ::orchestrator {
namespace {

constexpr std::size_t claims_max = 100;      // of one commit
constexpr Millis retry_pause{1000};          // after an error of the store
constexpr Millis stop_patience{8000};        // within the process's own patience
constexpr Millis store_patience{10'000};
constexpr Millis clock_look{1000};  // a clock that was set back holds a timer up no longer

}  // namespace

EmbeddedEngine::EmbeddedEngine(DriverDeps deps, async::Loops& loops, std::string owner)
    : deps_(std::move(deps)),
      loops_(loops),
      owner_(std::move(owner)),
      runs_("orchestrator.runs", static_cast<std::size_t>(deps_.settings.active_runs_max)),
      steps_(deps_.clock),
      others_(deps_.settings.lease) {}

Context EmbeddedEngine::own_context() const {
  Context ctx;
  ctx.deadline = system_clock().steady() + store_patience;
  return ctx;
}

Task<Status> EmbeddedEngine::start(async::TaskGroup& tasks) {
  WRIT_CO_CHECK(co_await deps_.store.disown(own_context(), owner_));
  WRIT_CO_CHECK(co_await deps_.store.bound_waits(own_context()));  // the clock may have been set meanwhile
  co_return tasks.spawn(co_await async::this_executor(), "orchestrator.schedule", schedule(tasks.stopping()));
}

void EmbeddedEngine::interrupt(const RunId& run) {
  const std::lock_guard lock(mutex_);
  if (const auto found = active_.find(run); found != active_.end()) found->second.stop.request_stop();
}

void EmbeddedEngine::interrupt_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [run, active] : active_) active.stop.request_stop();
}

Task<void> EmbeddedEngine::schedule(std::stop_token stop) {
  const auto renewal = deps_.settings.lease / 3;
  auto next_renewal = system_clock().steady() + renewal;
  bool unbound = false;  // waits may be longer than they were to be
  while (!stop.stop_requested()) {
    if (system_clock().steady() >= next_renewal) {
      next_renewal = system_clock().steady() + renewal;
      co_await keep_leases();
      co_await give_back_strays();
    }
    if (const auto step = steps_.look(); step != Millis{0}) {
      deps_.log.info("clock_was_set", {{"by_ms", step}});
      unbound = true;
    }
    if (unbound) {
      const auto bound = co_await deps_.store.bound_waits(own_context());
      unbound = !bound;
      if (!bound) deps_.log.failed("waits_not_bound", bound.error());
    }
    const auto until = co_await claim(next_renewal);
    co_await wait(until, stop);
  }
  stopping_.request_stop();
  interrupt_all();
  if (auto done = co_await runs_.stop(stop_patience); !done) deps_.log.failed("runs_not_stopped", done.error());
}

Task<void> EmbeddedEngine::keep_leases() {
  if (auto renewed = co_await deps_.store.renew_leases(own_context(), owner_, deps_.settings.lease); !renewed)
    deps_.log.failed("leases_not_renewed", renewed.error());
  const auto leases = co_await deps_.store.other_leases(own_context(), owner_);
  if (!leases) {
    deps_.log.failed("leases_not_read", leases.error());
    co_return;
  }
  for (const auto& gone : others_.gone(*leases, system_clock().steady())) {
    deps_.log.warn("host_is_gone", {{"owner", gone}});
    if (auto disowned = co_await deps_.store.disown(own_context(), gone); !disowned)
      deps_.log.failed("runs_not_disowned", disowned.error());
  }
}

Task<void> EmbeddedEngine::give_back_strays() {
  auto owned = co_await deps_.store.owned(own_context(), owner_);
  if (!owned) {
    deps_.log.failed("claims_not_read", owned.error());
    co_return;
  }
  {
    // Claims are made by this task only: what is not among the active ones now was never driven.
    const std::lock_guard lock(mutex_);
    std::erase_if(*owned, [this](const Claim& claim) {
      const auto found = active_.find(claim.run_id);
      return found != active_.end() && found->second.fence == claim.fence;
    });
  }
  if (owned->empty()) co_return;
  deps_.log.warn("claims_given_back", {{"runs", owned->size()}});
  if (auto given = co_await deps_.store.give_back(own_context(), std::move(*owned)); !given)
    deps_.log.failed("claims_not_given_back", given.error());
}

Task<void> EmbeddedEngine::wait(SteadyTime until, std::stop_token stop) {
  auto seen = steps_;  // the schedule itself must still see the step
  for (;;) {
    const auto slice = std::min(until, system_clock().steady() + clock_look);
    if (co_await due_.wait(slice, stop) != async::Woken::timed_out || slice == until || seen.look() != Millis{0})
      co_return;
  }
}

Task<SteadyTime> EmbeddedEngine::claim(SteadyTime latest) {
  const auto most = static_cast<std::size_t>(deps_.settings.active_runs_max);
  const auto driven = runs_.running();
  if (driven >= most) co_return latest;  // the end of a run wakes it
  auto claims =
      co_await deps_.store.claim_due(own_context(), owner_, deps_.settings.lease, std::min(most - driven, claims_max));
  if (!claims) {
    deps_.log.failed("runs_not_claimed", claims.error());
    co_return std::min(latest, system_clock().steady() + retry_pause);
  }
  for (auto& claim : *claims) {
    std::stop_source interrupt;
    {
      const std::lock_guard lock(mutex_);
      active_.insert_or_assign(claim.run_id, Active{claim.fence, interrupt});
    }
    const auto what = "run " + claim.run_id.str();
    const auto loop = loops_.owner_of(claim.run_id.str());
    if (auto spawned = runs_.spawn(loop, what, drive(claim, interrupt)); spawned) {
      deps_.probe.driven(1);
    } else {
      // It is given back with the next leases, or disowned by the next start.
      deps_.log.failed("run_not_driven", spawned.error());
      const std::lock_guard lock(mutex_);
      active_.erase(claim.run_id);
    }
  }
  if (!claims->empty()) co_return system_clock().steady();  // there may be more
  auto due = co_await deps_.store.next_due(own_context());
  if (!due) {
    deps_.log.failed("runs_not_claimed", due.error());
    co_return std::min(latest, system_clock().steady() + retry_pause);
  }
  if (!*due) co_return latest;
  co_return std::min(latest, system_clock().steady() + std::max(**due, Millis{0}));
}

Task<void> EmbeddedEngine::drive(Claim claim, std::stop_source interrupt) {
  const auto stopping = stopping_.get_token();
  for (;;) {
    RunDriver driver(deps_, claim, interrupt.get_token(), stopping);
    const auto driven = co_await driver.drive();
    if (driven) break;
    deps_.log.failed("run_driver_stopped", driven.error(), {{"run_id", claim.run_id}});
    if (driven.error().code == "fenced" || !co_await async::sleep_for(retry_pause, stopping)) break;
  }
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = active_.find(claim.run_id); found != active_.end() && found->second.fence == claim.fence)
      active_.erase(found);
  }
  deps_.probe.driven(-1);
  deps_.hub.forget(claim.run_id);
  due_.notify();
}

}  // namespace writ::orchestrator
