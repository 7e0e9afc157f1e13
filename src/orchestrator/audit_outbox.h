// AuditOutbox: tells the audit chain what runs and reviews committed, in order, as often as it takes.
#pragma once

#include "observability/health.h"
#include "observability/log.h"
#include "orchestrator/orchestrator_metrics.h"
#include "orchestrator/orchestrator_store.h"
#include "policy/api/policy_port.h"

namespace writ::orchestrator {

class AuditOutbox {
 public:
  AuditOutbox(OrchestratorStore& store, policy::PolicyPort& policy, OrchestratorProbe& probe,
              const observability::Logger& log)
      : store_(store), policy_(policy), probe_(probe), log_(log) {}

  /// Delivers what waits, then looks again; ends with the stop. Rows survive until policy has taken them.
  [[nodiscard]] Task<void> deliver(std::stop_token stop);
  /// Errors: unavailable, while policy does not take them.
  [[nodiscard]] Status status() const { return status_.get(); }

 private:
  [[nodiscard]] Task<Result<std::size_t>> deliver_some(std::stop_token stop);

  OrchestratorStore& store_;
  policy::PolicyPort& policy_;
  OrchestratorProbe& probe_;
  const observability::Logger& log_;
  observability::LastKnown status_{"audit outbox", Seconds{60}};
};

}  // namespace writ::orchestrator
