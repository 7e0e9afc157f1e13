#include "policy/budget_store.h"

#include "policy/audit_store.h"

namespace writ::policy {
namespace {

quota::Window window_of(const BudgetRule& rule, WallTime now) {
  return quota::window_at(now, Seconds{rule.window_seconds});
}

// A window that nobody has drawn on yet is all free.
Result<quota::Budget> load(sql::Reader& reader, const TenantId& tenant, const BudgetRule& rule, WallTime now) {
  quota::Budget budget{.window = window_of(rule, now), .limit = rule.limit};
  WRIT_TRY(const auto row, reader.row("SELECT settled, presumed, reserved, overrun FROM budget_windows WHERE tenant = "
                                      "?1 AND budget = ?2 AND start = ?3",
                                      tenant, rule.id, budget.window.start));
  if (row)
    std::tie(budget.settled, budget.presumed, budget.reserved, budget.overrun) =
        row->as<std::int64_t, std::int64_t, std::int64_t, std::int64_t>();
  return budget;
}

Status store(sql::Transaction& tx, const TenantId& tenant, std::string_view budget_id, const quota::Budget& b) {
  WRIT_CHECK(tx.run(
      "INSERT INTO budget_windows (tenant, budget, start, length, settled, presumed, reserved, overrun) VALUES (?1, "
      "?2, ?3, ?4, ?5, ?6, ?7, ?8) "
      "ON CONFLICT (tenant, budget, start) DO UPDATE SET settled = excluded.settled, presumed = excluded.presumed, "
      "reserved = excluded.reserved, overrun = excluded.overrun",
      tenant, budget_id, b.window.start, static_cast<std::int64_t>(b.window.length.count()), b.settled, b.presumed,
      b.reserved, b.overrun));
  return {};
}

// A reservation's row with the window it drew on.
struct Drawn {
  std::string budget_id;
  quota::Budget budget;
  quota::Reservation reservation;
};
constexpr std::string_view drawn_columns =
    "SELECT r.tenant, r.decision, r.budget, r.estimate, r.state, r.actual, w.start, w.length, w.settled, w.presumed, "
    "w.reserved, w.overrun "
    "FROM reservations r JOIN budget_windows w ON w.tenant = r.tenant AND w.budget = r.budget AND w.start = r.start ";

Drawn drawn_of(const sql::Row& row) {
  Drawn out{.budget_id = row.get<std::string>(2), .budget = {}, .reservation = {}};
  out.reservation = {.estimate = row.get<std::int64_t>(3),
                     .state = static_cast<quota::ReservationState>(row.get<std::int64_t>(4)),
                     .actual = row.get<std::int64_t>(5)};
  out.budget = {.window = {.start = row.get<WallTime>(6), .length = Millis{row.get<std::int64_t>(7)}},
                .settled = row.get<std::int64_t>(8),
                .presumed = row.get<std::int64_t>(9),
                .reserved = row.get<std::int64_t>(10),
                .overrun = row.get<std::int64_t>(11)};
  return out;
}

Status store_drawn(sql::Transaction& tx, const TenantId& tenant, std::string_view decision, const Drawn& drawn) {
  WRIT_CHECK(store(tx, tenant, drawn.budget_id, drawn.budget));
  WRIT_CHECK(tx.run(
      "UPDATE reservations SET state = ?4, actual = ?5 WHERE tenant = ?1 AND decision = ?2 AND budget = ?3", tenant,
      decision, drawn.budget_id, static_cast<std::int64_t>(drawn.reservation.state), drawn.reservation.actual));
  return {};
}

}  // namespace

sql::Migration budget_migration() {
  return {.name = "policy/0003_budgets", .sql = R"(
CREATE TABLE budget_windows (
  tenant TEXT NOT NULL, budget TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,  -- milliseconds
  settled INTEGER NOT NULL, presumed INTEGER NOT NULL, reserved INTEGER NOT NULL, overrun INTEGER NOT NULL,
  PRIMARY KEY (tenant, budget, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE reservations (  -- one row per window that a reservation draws on
  tenant TEXT NOT NULL, decision TEXT NOT NULL, budget TEXT NOT NULL, start INTEGER NOT NULL, reservation TEXT NOT NULL,
  estimate INTEGER NOT NULL, state INTEGER NOT NULL, actual INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, decision, budget),
  FOREIGN KEY (tenant, budget, start) REFERENCES budget_windows (tenant, budget, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_open ON reservations (expires_at) WHERE state = 0;
)"};
}

Result<Reservation> reserve_tokens(sql::Transaction& tx, const TenantId& tenant, const DecisionId& decision,
                                   const std::vector<BudgetRule>& rules, Tokens estimate, WallTime expires_at) {
  const Reservation out{.id = make_id<ReservationId>(tx.now()), .tokens = estimate, .expires_at = expires_at};
  for (const auto& rule : rules) {
    WRIT_TRY(auto budget, load(tx, tenant, rule, tx.now()));
    auto reserved = quota::reserve(budget, estimate.value, tx.now());
    if (!reserved) {
      // The caller's transaction is undone, and with it what earlier windows gave.
      auto error = std::move(reserved).error();
      error.code = "budget_spent";
      return fail(std::move(error));
    }
    WRIT_CHECK(store(tx, tenant, rule.id, budget));
    WRIT_CHECK(
        tx.run("INSERT INTO reservations (tenant, decision, budget, start, reservation, estimate, state, actual, "
               "expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8)",
               tenant, decision, rule.id, budget.window.start, out.id, estimate,
               static_cast<std::int64_t>(quota::ReservationState::open), expires_at));
  }
  return out;
}

Result<Settled> settle_tokens(sql::Transaction& tx, const TenantId& tenant, const DecisionId& decision, Tokens actual) {
  Settled out{.settled = actual, .tokens_left = {}, .overrun = {}};
  WRIT_TRY(const auto rows,
           tx.rows(std::string(drawn_columns) + "WHERE r.tenant = ?1 AND r.decision = ?2", tenant, decision));
  for (const auto& row : rows) {
    auto drawn = drawn_of(row);
    quota::settle(drawn.budget, drawn.reservation, actual.value);
    WRIT_CHECK(store_drawn(tx, tenant, decision.str(), drawn));
    out.settled = Tokens{drawn.reservation.actual};
    out.overrun =
        Tokens{std::max<std::int64_t>(out.overrun.value, drawn.reservation.actual - drawn.reservation.estimate)};
  }
  return out;
}

Result<std::int64_t> expire_reservations(sql::Transaction& tx) {
  WRIT_TRY(const auto rows,
           tx.rows(std::string(drawn_columns) + "WHERE r.state = 0 AND r.expires_at <= ?1 LIMIT 1", tx.now()));
  std::int64_t expired = 0;
  // One at a time: two reservations of one window must see each other's change.
  for (auto found = rows; !found.empty();) {
    auto drawn = drawn_of(found.front());
    quota::expire(drawn.budget, drawn.reservation);
    const auto tenant = found.front().get<TenantId>(0);
    const auto decision = found.front().get<std::string>(1);
    WRIT_CHECK(store_drawn(tx, tenant, decision, drawn));
    WRIT_CHECK(append_record(
        tx, tenant, "reservation.expired",
        {{"decision_id", decision}, {"budget", drawn.budget_id}, {"presumed", drawn.reservation.estimate}}, {}));
    ++expired;
    WRIT_TRY(found, tx.rows(std::string(drawn_columns) + "WHERE r.state = 0 AND r.expires_at <= ?1 LIMIT 1", tx.now()));
  }
  return expired;
}

Result<Budget> read_budget(sql::Reader& reader, const TenantId& tenant, const std::vector<BudgetRule>& rules) {
  std::optional<Budget> least;
  for (const auto& rule : rules) {
    WRIT_TRY(const auto b, load(reader, tenant, rule, reader.now()));
    Budget view{.limit = Tokens{b.limit},
                .settled = Tokens{b.settled},
                .reserved = Tokens{b.reserved},
                .presumed = Tokens{b.presumed},
                .left = Tokens{b.left()},
                .resets_at = b.window.end()};
    if (!least || view.left < least->left) least = view;
  }
  if (!least) return fail(not_found("no_budget", "the constitution sets no token budget"));
  return *least;
}

}  // namespace writ::policy
