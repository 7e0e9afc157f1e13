// ReadOnlyDatabase: a SQLite file that no process has open, read without writing anything beside it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "core/result.h"
#include "sql/transaction.h"

namespace writ::sql {

/// Blocks: for commands, not for loops. Thread: one at a time.
class ReadOnlyDatabase {
 public:
  virtual ~ReadOnlyDatabase() = default;
  /// Runs `work` over one snapshot. Errors: those of `work`, unavailable (storage_failed, storage_busy).
  [[nodiscard]] virtual Status read(const std::function<Status(Reader&)>& work) = 0;
};

/// Neither locks, migrates, recovers nor makes a side file where that can be had: with a log beside it the file is read
/// through the log, which needs shared memory; without one as it is.
/// Errors: not_found (no_file), unavailable (storage_failed).
[[nodiscard]] Result<std::unique_ptr<ReadOnlyDatabase>> open_read_only(const std::filesystem::path& file);

}  // namespace writ::sql
