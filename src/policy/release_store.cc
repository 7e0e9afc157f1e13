#include "policy/release_store.h"

#include "policy/audit_store.h"
#include "quota/budget.h"

namespace writ::policy {

std::string run_of(const std::string& request_id) {
  return request_id.starts_with(RunId::prefix) ? request_id.substr(0, request_id.find('/')) : std::string();
}

Result<std::optional<json::object>> released_of(sql::Reader& reader, const TenantId& tenant,
                                                const DecisionId& decision) {
  WRIT_TRY(const auto row, reader.row("SELECT upto, chunk_hash FROM releases WHERE tenant = ?1 AND decision_id = ?2",
                                      tenant, decision));
  if (!row) return std::nullopt;
  return json::object{{"upto", row->get<std::int64_t>(0)}, {"chunk_hash", row->get<std::string>(1)}};
}

Status forget_release(sql::Transaction& tx, const TenantId& tenant, const DecisionId& decision) {
  WRIT_CHECK(tx.run("DELETE FROM releases WHERE tenant = ?1 AND decision_id = ?2", tenant, decision));
  return {};
}

Status put_release(sql::Transaction& tx, const Released& r) {
  WRIT_CHECK(
      tx.run("INSERT INTO releases (tenant, decision_id, upto, chunk_hash, at, used, held_from, decided, scanned, "
             "held_hash, facts) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
             "ON CONFLICT (tenant, decision_id) DO UPDATE SET upto = max(upto, excluded.upto), chunk_hash = "
             "excluded.chunk_hash, at = excluded.at, used = max(used, excluded.used), held_from = excluded.held_from, "
             "decided = "
             "excluded.decided, scanned = excluded.scanned, held_hash = excluded.held_hash, facts = excluded.facts",
             r.tenant, r.decision_id, r.upto, r.chunk_hash, tx.now(), r.used.value_or(Tokens{}), r.place.held_from,
             r.place.decided, r.place.scanned, r.place.held_hash, to_text(schema::encode(r.place.facts))));
  return {};
}

Status tell_bound(sql::Transaction& tx, const Released& r) {
  WRIT_TRY(const auto row,
           tx.row("SELECT r.told, d.subject, d.request_id FROM releases r JOIN decisions d ON d.tenant = "
                  "r.tenant AND d.decision_id = r.decision_id WHERE r.tenant = ?1 AND r.decision_id = ?2",
                  r.tenant, r.decision_id));
  if (!row || r.upto <= row->get<std::int64_t>(0)) return {};
  const auto bound = (r.upto + release_step - 1) / release_step * release_step;
  WRIT_CHECK(
      tx.run("UPDATE releases SET told = ?3 WHERE tenant = ?1 AND decision_id = ?2", r.tenant, r.decision_id, bound));
  WRIT_CHECK(append_record(tx, r.tenant, "release", {{"decision_id", r.decision_id.str()}, {"bound", bound}},
                           {.run_id = run_of(row->get<std::string>(2)), .subject = row->get<std::string>(1)}));
  return {};
}

Result<OutputPlace> find_place(sql::Reader& reader, const TenantId& tenant, const DecisionId& decision) {
  WRIT_TRY(
      const auto call,
      reader.row(
          "SELECT action, verdict, (SELECT max(state) FROM reservations r WHERE r.tenant = d.tenant AND r.decision = "
          "d.decision_id) FROM decisions d WHERE tenant = ?1 AND decision_id = ?2",
          tenant, decision));
  const auto settled = static_cast<std::int64_t>(quota::ReservationState::settled);
  if (!call || call->get<std::string>(0) != schema::name_of(Action::model_call) ||
      call->get<std::string>(1) != schema::name_of(Verdict::allow) ||
      call->get<std::optional<std::int64_t>>(2).value_or(0) >= settled)
    return fail(not_found("no_decision", "no allowed model call of this id is on its way"));
  OutputPlace out;
  WRIT_TRY(const auto row,
           reader.row("SELECT upto, held_from, decided, scanned, held_hash, facts FROM releases WHERE tenant = "
                      "?1 AND decision_id = ?2",
                      tenant, decision));
  if (!row) return out;
  out = {.release_upto = row->get<std::int64_t>(0),
         .held_from = row->get<std::int64_t>(1),
         .decided = row->get<std::int64_t>(2),
         .scanned = row->get<std::int64_t>(3),
         .held_hash = row->get<std::string>(4)};
  WRIT_TRY(const auto facts, parse_json(row->get<std::string>(5)));
  WRIT_TRY(out.facts, schema::decode<std::vector<std::string>>(facts));
  return out;
}

}  // namespace writ::policy
