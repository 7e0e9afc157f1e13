// Snapshots: a run's state after some of its events, so that a long run is taken up without replaying all of them. A
// snapshot is only a shortcut: the events say the same, and one of another reducer or layout is passed over.
#pragma once

#include "orchestrator/run_tables.h"

namespace writ::orchestrator::tables {

/// A new snapshot after so many events: replaying fewer costs less than reading a state.
inline constexpr std::int64_t snapshot_every = 32;
/// Of RunState's fields; raised when an older snapshot would be read wrongly.
inline constexpr std::int64_t snapshot_layout = 3;

/// The state after all stored events: the run's snapshot, if it has one that fits, and the events after it.
/// Errors: internal (an event or a snapshot of this layout that does not decode, a gap).
[[nodiscard]] Result<RunState> read_state(sql::Reader& reader, const TenantId& tenant, const RunId& run);
/// In the transaction that took the run from `before` events to `state`: keeps a snapshot when it is time for one, and
/// drops it at the run's end.
[[nodiscard]] Status keep_snapshot(sql::Transaction& tx, const RunRow& row, std::int64_t before, const RunState& state);

}  // namespace writ::orchestrator::tables
