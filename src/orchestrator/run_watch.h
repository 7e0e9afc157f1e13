// RunWatch: one client's view of a run: stored events after its cursor, then live ones and deltas, each event once.
#pragma once

#include <deque>

#include "orchestrator/orchestrator_store.h"
#include "orchestrator/run_hub.h"

namespace writ::orchestrator {

class RunWatch final : public Stream<RunEvent> {
 public:
  /// `last`: seq of the last durable event the client has. The subscription was made before the first read.
  RunWatch(OrchestratorStore& store, Context ctx, RunId run, std::int64_t last, RunHub::Subscription live)
      : store_(store), ctx_(std::move(ctx)), run_(std::move(run)), last_(last), live_(std::move(live)) {}

  /// Reads what is stored. Errors: not_found (no_run), those of the store.
  [[nodiscard]] Task<Status> catch_up();
  Task<Result<std::optional<RunEvent>>> next() override;

 private:
  OrchestratorStore& store_;
  const Context ctx_;
  const RunId run_;
  std::int64_t last_;               // seq of the last durable event that was given or waits in ready_
  RunHub::Subscription live_;
  std::deque<RunEvent> ready_;
  bool ended_ = false;              // run_finished is in ready_ or was given
  bool closed_ = false;             // nothing comes live any more
};

}  // namespace writ::orchestrator
