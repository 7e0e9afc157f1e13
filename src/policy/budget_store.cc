#include "policy/budget_store.h"

#include <limits>

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

std::int64_t number_of(quota::ReservationState state) { return static_cast<std::int64_t>(state); }

// Calls are written down also where the constitution sets no limit: a run's own limit counts them.
std::vector<BudgetRule> ledgers(const std::vector<BudgetRule>& rules) {
  if (!rules.empty()) return rules;
  return {BudgetRule{.id = "", .limit = quota::amount_max}};
}

// What runs that go on hold as presumed: their next attempt or their end replaces it.
Result<quota::Quantity> recoverable_of(sql::Reader& reader, const TenantId& tenant, const BudgetRule& rule,
                                       const quota::Budget& budget) {
  WRIT_TRY(
      const auto row,
      reader.row("SELECT coalesce(sum(estimate), 0) FROM reservations WHERE tenant = ?1 AND run <> '' AND budget = ?2 "
                 "AND start = ?3 AND state = ?4",
                 tenant, rule.id, budget.window.start, number_of(quota::ReservationState::presumed)));
  return row->get<std::int64_t>(0);
}

Status store_drawn(sql::Transaction& tx, const TenantId& tenant, std::string_view decision, const Drawn& drawn) {
  WRIT_CHECK(store(tx, tenant, drawn.budget_id, drawn.budget));
  WRIT_CHECK(tx.run(
      "UPDATE reservations SET state = ?4, actual = ?5, changed_at = ?6 WHERE tenant = ?1 AND decision = ?2 AND budget "
      "= ?3",
      tenant, decision, drawn.budget_id, number_of(drawn.reservation.state), drawn.reservation.actual, tx.now()));
  return {};
}

constexpr std::string_view unsettled_columns =
    "SELECT r.tenant, r.decision, r.run, r.prompt, coalesce(l.used, 0) FROM reservations r LEFT JOIN releases l ON "
    "l.tenant = r.tenant AND l.decision_id = r.decision ";

Result<Replaced> replace_one(sql::Transaction& tx, const sql::Row& call) {
  Replaced out{.tenant = call.get<TenantId>(0), .decision = call.get<DecisionId>(1), .run = call.get<std::string>(2)};
  const auto prompt = call.get<std::optional<Tokens>>(3);
  const auto known = std::max(prompt.value_or(Tokens{}).value, call.get<std::int64_t>(4));
  WRIT_TRY(const auto rows,
           tx.rows(std::string(drawn_columns) + "WHERE r.tenant = ?1 AND r.decision = ?2", out.tenant, out.decision));
  for (const auto& row : rows) {
    auto drawn = drawn_of(row);
    if (prompt) quota::replace(drawn.budget, drawn.reservation, known);
    else quota::expire(drawn.budget, drawn.reservation);
    out.presumed = drawn.reservation.state == quota::ReservationState::presumed;
    out.counted = Tokens{out.presumed ? drawn.reservation.estimate : drawn.reservation.actual};
    WRIT_CHECK(store_drawn(tx, out.tenant, out.decision.str(), drawn));
  }
  return out;
}

Result<std::vector<Replaced>> replace_all(sql::Transaction& tx, const std::vector<sql::Row>& calls) {
  std::vector<Replaced> out;
  for (const auto& call : calls) {
    WRIT_TRY(auto replaced, replace_one(tx, call));
    out.push_back(std::move(replaced));
  }
  return out;
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

sql::Migration attempts_migration() {
  return {.name = "policy/0005_attempts", .sql = R"(
ALTER TABLE reservations ADD COLUMN run TEXT NOT NULL DEFAULT '';  -- '' a direct call, or its run has ended
ALTER TABLE reservations ADD COLUMN step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reservations ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reservations ADD COLUMN prompt INTEGER;  -- of the estimate; NULL: use is known from a bill only
ALTER TABLE reservations ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE reservations ADD COLUMN life TEXT NOT NULL DEFAULT '';
ALTER TABLE reservations ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX reservations_run ON reservations (tenant, run) WHERE run <> '';
CREATE INDEX reservations_held ON reservations (holder) WHERE state < 2 AND holder <> '';
CREATE INDEX reservations_done ON reservations (changed_at) WHERE state >= 2 AND run = '';
ALTER TABLE releases ADD COLUMN used INTEGER NOT NULL DEFAULT 0;  -- tokens of the call so far, prompt included
ALTER TABLE releases ADD COLUMN held_from INTEGER NOT NULL DEFAULT 0;  -- where the scan stands (scan::WindowScanner::Place)
ALTER TABLE releases ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;
ALTER TABLE releases ADD COLUMN scanned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE releases ADD COLUMN held_hash TEXT NOT NULL DEFAULT '';  -- SHA-256 in hex of the text from held_from to scanned
ALTER TABLE releases ADD COLUMN facts TEXT NOT NULL DEFAULT '[]';
)"};
}

Result<Reservation> reserve_tokens(sql::Transaction& tx, const Draw& draw, const std::vector<BudgetRule>& rules,
                                   Tokens estimate, WallTime expires_at) {
  const Reservation out{.id = make_id<ReservationId>(tx.now()), .tokens = estimate, .expires_at = expires_at};
  for (const auto& rule : ledgers(rules)) {
    WRIT_TRY(auto budget, load(tx, draw.tenant, rule, tx.now()));
    if (budget.left() < estimate.value) { WRIT_TRY(budget.recoverable, recoverable_of(tx, draw.tenant, rule, budget)); }
    // When one refuses, the caller's transaction is undone, and with it what earlier windows gave.
    WRIT_CHECK(quota::reserve(budget, estimate.value, tx.now()));
    WRIT_CHECK(store(tx, draw.tenant, rule.id, budget));
    WRIT_CHECK(
        tx.run("INSERT INTO reservations (tenant, decision, budget, start, reservation, estimate, state, actual, "
               "expires_at, run, step, attempt, prompt, holder, life, changed_at) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
               draw.tenant, draw.decision, rule.id, budget.window.start, out.id, estimate,
               number_of(quota::ReservationState::open), expires_at, draw.run, draw.step, draw.attempt, draw.prompt,
               draw.holder, draw.life, tx.now()));
  }
  return out;
}

Result<std::vector<Replaced>> replace_attempts(sql::Transaction& tx, const TenantId& tenant, const std::string& run,
                                               std::int64_t step, std::int64_t attempt) {
  WRIT_TRY(const auto rows,
           tx.rows(std::string(unsettled_columns) +
                       "WHERE r.tenant = ?1 AND r.run = ?2 AND r.run <> '' AND r.state < 2 AND (r.step < ?3 "
                       "OR (r.step = ?3 AND r.attempt < ?4)) GROUP BY r.tenant, r.decision",
                   tenant, run, step, attempt));
  return replace_all(tx, rows);
}

Result<std::vector<Replaced>> replace_held(sql::Transaction& tx, const Holder& holder) {
  WRIT_TRY(
      const auto rows,
      tx.rows(
          std::string(unsettled_columns) +
              "WHERE r.holder = ?1 AND r.holder <> '' AND r.state < 2 AND r.life <> ?2 GROUP BY r.tenant, r.decision",
          holder.name, holder.life));
  return replace_all(tx, rows);
}

Result<std::vector<Replaced>> end_run(sql::Transaction& tx, const TenantId& tenant, const std::string& run) {
  WRIT_TRY(auto replaced, replace_attempts(tx, tenant, run, std::numeric_limits<std::int64_t>::max(), 0));
  WRIT_CHECK(tx.run("UPDATE reservations SET run = '', changed_at = ?3 WHERE tenant = ?1 AND run = ?2 AND run <> ''",
                    tenant, run, tx.now()));
  return replaced;
}

Result<Tokens> step_tokens(sql::Reader& reader, const TenantId& tenant, const std::string& run, std::int64_t step,
                           std::int64_t attempt) {
  // A call draws on several windows; it counts once.
  WRIT_TRY(const auto row,
           reader.row("SELECT coalesce(sum(used), 0) FROM (SELECT max(CASE WHEN state < 2 THEN estimate "
                      "ELSE actual END) AS used FROM reservations WHERE tenant = ?1 AND run = ?2 AND "
                      "run <> '' AND step = ?3 AND attempt < ?4 GROUP BY decision)",
                      tenant, run, step, attempt));
  return row->get<Tokens>(0);
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
  for (auto found = rows; !found.empty() && expired < expire_batch;) {
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

Status prune_budgets(sql::Transaction& tx) {
  constexpr std::int64_t most = 5'000;  // rows at once
  WRIT_CHECK(
      tx.run("DELETE FROM reservations WHERE (tenant, decision, budget) IN (SELECT tenant, decision, budget FROM "
             "reservations WHERE state >= 2 AND run = '' AND changed_at <= ?1 LIMIT ?2)",
             tx.now() - settled_kept, most));
  WRIT_TRY(const auto over,
           tx.rows("SELECT tenant, budget, start FROM budget_windows WHERE start + length <= ?1 LIMIT 10",
                   tx.now() - windows_kept));
  for (const auto& window : over) {
    const auto tenant = window.get<TenantId>(0);
    const auto budget = window.get<std::string>(1);
    const auto start = window.get<WallTime>(2);
    WRIT_CHECK(
        tx.run("DELETE FROM reservations WHERE tenant = ?1 AND budget = ?2 AND start = ?3", tenant, budget, start));
    WRIT_CHECK(
        tx.run("DELETE FROM budget_windows WHERE tenant = ?1 AND budget = ?2 AND start = ?3", tenant, budget, start));
  }
  WRIT_CHECK(tx.run("DELETE FROM releases WHERE at <= ?1", tx.now() - windows_kept));
  return {};
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
