// AuditOutbox: what a service's database committed and the audit chain must be told, in order, as often as it takes.
#pragma once

#include <functional>

#include "observability/health.h"
#include "observability/log.h"
#include "policy/api/policy_port.h"
#include "sql/database.h"
#include "sql/migration.h"

namespace writ::outbox {

/// The table `outbox`, for a database that has none yet.
[[nodiscard]] sql::Migration outbox_migration();

/// Adds a fact in the transaction of the change that it tells of: both are committed, or neither.
/// fact.id: unique within its tenant. Errors: conflict (unique_violation), those of Transaction::run.
[[nodiscard]] Status tell(sql::Transaction& tx, const policy::AppendAudit& fact);

class AuditOutbox {
 public:
  /// policy: asked for when it is needed first, as it may be made after its teller. waiting: told how many facts wait.
  AuditOutbox(sql::Database& database, std::function<policy::PolicyPort&()> policy,
              std::function<void(std::size_t)> waiting, const observability::Logger& log)
      : database_(database), policy_(std::move(policy)), waiting_(std::move(waiting)), log_(log) {}

  /// Delivers what waits, then looks again; ends with the stop. Rows survive until policy has taken them.
  [[nodiscard]] Task<void> deliver(std::stop_token stop);
  /// Errors: unavailable, while policy does not take them.
  [[nodiscard]] Status status() const { return status_.get(); }

 private:
  [[nodiscard]] Task<Result<std::size_t>> deliver_some(std::stop_token stop);
  [[nodiscard]] Task<Result<std::vector<policy::AppendAudit>>> next(Context ctx);
  [[nodiscard]] Task<Status> delivered(Context ctx, TenantId tenant, std::string id);

  sql::Database& database_;
  const std::function<policy::PolicyPort&()> policy_;
  const std::function<void(std::size_t)> waiting_;
  const observability::Logger& log_;
  observability::LastKnown status_{"audit outbox", Seconds{60}};
};

}  // namespace writ::outbox
