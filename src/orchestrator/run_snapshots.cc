#include "orchestrator/run_snapshots.h"

namespace writ::orchestrator::tables {

Result<RunState> read_state(sql::Reader& reader, const TenantId& tenant, const RunId& run) {
  RunState state;
  WRIT_TRY(const auto row,
           reader.row("SELECT state FROM run_snapshots WHERE tenant = ?1 AND run = ?2 AND layout = ?3 AND reducer = ?4",
                      tenant, run, snapshot_layout, reducer_version));
  if (row) {
    WRIT_TRY(const auto document, parse_json(row->get<std::string_view>(0)));
    auto decoded = schema::decode<RunState>(document, {.unknown = schema::Unknown::ignore});
    if (!decoded)
      return fail(internal("the snapshot of " + run.str() +
                               " does not match its layout; its row in run_snapshots can be "
                               "deleted without loss: " +
                               decoded.error().problems.front().pointer,
                           "orchestrator store"));
    state = std::move(*decoded);
  }
  WRIT_TRY(const auto events, read_events(reader, tenant, run, state.last_seq, all_events));
  for (const auto& event : events) state = apply(std::move(state), event);
  return state;
}

Status keep_snapshot(sql::Transaction& tx, const RunRow& row, std::int64_t before, const RunState& state) {
  if (state.stage == RunState::Stage::ended) {
    if (before < snapshot_every) return {};  // most runs: none was ever kept
    WRIT_CHECK(tx.run("DELETE FROM run_snapshots WHERE tenant = ?1 AND run = ?2", row.tenant, row.id));
    return {};
  }
  if (before / snapshot_every == state.last_seq / snapshot_every) return {};
  WRIT_CHECK(
      tx.run("INSERT OR REPLACE INTO run_snapshots (tenant, run, seq, layout, reducer, state) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
             row.tenant, row.id, state.last_seq, snapshot_layout, reducer_version, to_text(schema::encode(state))));
  return {};
}

}  // namespace writ::orchestrator::tables
