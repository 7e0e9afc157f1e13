// What SQLite's result codes mean for callers.
#pragma once

#include <string_view>

#include "core/error.h"

struct sqlite3;

namespace writ::sql {

/// Turns the failure `code` (extended) of the last call on `db` into an error.
/// Does not return for a failed fsync: the kernel may have dropped the pages and report success the next time, so
/// nothing this process believes about the disk is true any more. Exit status 74, a line on stderr.
[[nodiscard]] Error sqlite_error(sqlite3* db, int code, std::string_view during);

}  // namespace writ::sql
