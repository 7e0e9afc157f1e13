// The SQLite driver: one file and one lock per service, WAL, a writer thread with group commit, reader threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "sql/database.h"
#include "sql/migration.h"
#include "sql/probe.h"

namespace writ::sql {

struct SqliteOptions {
  std::size_t readers = 2;         // 1..16 threads, each with its own connection
  std::size_t queue_max = 1024;    // waiting writes, and waiting reads; beyond it: queue_full
  std::size_t batch_max = 128;     // writes in one COMMIT: bounds how long the first of them waits
  Millis busy_timeout{5000};       // for recovery and checkpoints; nobody else may write
  std::optional<std::int64_t> pages_max;  // of 4 KiB; the limit gives storage_full
  Probe* probe = nullptr;          // must outlive the database
  const Clock* clock = &system_clock();  // what Reader::now() reads
  std::string vfs;                 // a registered sqlite3_vfs; empty: the default one
};

/// Opens or creates the database at `file` (such as `<data>/orchestrator/orchestrator.db`; its stem is its name), with its
/// folder (mode 0700), takes `<file>.lock` for as long as it lives and applies what is pending of `migrations`.
/// A failed fsync ends the process (exit status 74) instead of answering: what is on disk is no longer known.
/// The destructor finishes what was queued. Blocks: call it at start, not on a loop.
/// Errors: conflict (data_in_use, migration_changed, migration_missing, data_newer), unavailable (storage_full,
/// storage_failed, data_not_writable), each with the fix.
[[nodiscard]] Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& file, Migrations migrations,
                                                            SqliteOptions options = {});

}  // namespace writ::sql
