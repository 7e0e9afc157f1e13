// SQL of budget windows and reservations; the arithmetic is quota's.
#pragma once

#include "policy/constitution.h"
#include "quota/budget.h"
#include "sql/database.h"
#include "sql/migration.h"

namespace writ::policy {

[[nodiscard]] sql::Migration budget_migration();
[[nodiscard]] sql::Migration attempts_migration();

/// Whose reservation it is. What replaces it, and what is then known to be used, follows from this.
struct Draw {
  TenantId tenant;
  DecisionId decision;
  std::string run;  // "": a direct call
  std::int64_t step = 0, attempt = 0;
  std::optional<Tokens> prompt;  // known to be used once the call began; nothing: an unknown outcome counts in full
  std::string holder, life;  // the process that makes the call
};
/// Draws the estimate from every window of the tenant, or from none. Errors: quota_exceeded (budget_spent, with the time
/// until the window resets; budget_reserved, when only calls under way are in the way).
[[nodiscard]] Result<Reservation> reserve_tokens(sql::Transaction& tx, const Draw& draw,
                                                 const std::vector<BudgetRule>& rules, Tokens estimate,
                                                 WallTime expires_at);

/// A call that another has replaced, or that nobody makes any more, and what counts of it: its prompt and what policy
/// knows to be generated; where that is not known it is presumed at its estimate.
struct Replaced {
  TenantId tenant;
  DecisionId decision;
  std::string run;
  Tokens counted;
  bool presumed = false;
};
/// Every unsettled call of the run that came before this step and attempt.
[[nodiscard]] Result<std::vector<Replaced>> replace_attempts(sql::Transaction& tx, const TenantId& tenant,
                                                             const std::string& run, std::int64_t step,
                                                             std::int64_t attempt);
/// Every unsettled call of a process that an earlier life of it made.
[[nodiscard]] Result<std::vector<Replaced>> replace_held(sql::Transaction& tx, const Holder& holder);
/// The run has ended: nothing of it stays reserved, and its rows may be forgotten.
[[nodiscard]] Result<std::vector<Replaced>> end_run(sql::Transaction& tx, const TenantId& tenant,
                                                    const std::string& run);
/// What counts of the attempts of a step that came before this one.
[[nodiscard]] Result<Tokens> step_tokens(sql::Reader& reader, const TenantId& tenant, const std::string& run,
                                         std::int64_t step, std::int64_t attempt);

/// What was used replaces the estimate. Idempotent: the first settlement stays. Nothing when the decision reserved nothing.
[[nodiscard]] Result<Settled> settle_tokens(sql::Transaction& tx, const TenantId& tenant, const DecisionId& decision,
                                            Tokens actual);
inline constexpr std::int64_t expire_batch = 200;  // in one transaction: others wait for it some 20 ms
/// Reservations whose time is over count as used at their estimate. Gives how many: at most expire_batch.
[[nodiscard]] Result<std::int64_t> expire_reservations(sql::Transaction& tx);

inline constexpr Millis settled_kept = std::chrono::minutes{15};  // for a settlement that is repeated or comes late
inline constexpr Millis windows_kept = std::chrono::days{8};  // a run lives at most seven days
/// Forgets what has no use any more: settled calls of direct callers and ended runs, windows long over. A bounded part of it.
[[nodiscard]] Status prune_budgets(sql::Transaction& tx);
/// The tenant's token window that has the least left.
[[nodiscard]] Result<Budget> read_budget(sql::Reader& reader, const TenantId& tenant,
                                         const std::vector<BudgetRule>& rules);

}  // namespace writ::policy
