// SQL of budget windows and reservations; the arithmetic is quota's.
#pragma once

#include "policy/constitution.h"
#include "quota/budget.h"
#include "sql/database.h"
#include "sql/migration.h"

namespace writ::policy {

[[nodiscard]] sql::Migration budget_migration();

/// Draws the estimate from every window of the tenant, or from none. Errors: quota_exceeded (budget_spent, with the time
/// until the window resets).
[[nodiscard]] Result<Reservation> reserve_tokens(sql::Transaction& tx, const TenantId& tenant,
                                                 const DecisionId& decision, const std::vector<BudgetRule>& rules,
                                                 Tokens estimate, WallTime expires_at);
/// What was used replaces the estimate. Idempotent: the first settlement stays. Nothing when the decision reserved nothing.
[[nodiscard]] Result<Settled> settle_tokens(sql::Transaction& tx, const TenantId& tenant, const DecisionId& decision,
                                            Tokens actual);
/// Reservations whose time is over count as used at their estimate. Gives how many.
[[nodiscard]] Result<std::int64_t> expire_reservations(sql::Transaction& tx);
/// The tenant's token window that has the least left.
[[nodiscard]] Result<Budget> read_budget(sql::Reader& reader, const TenantId& tenant,
                                         const std::vector<BudgetRule>& rules);

}  // namespace writ::policy
