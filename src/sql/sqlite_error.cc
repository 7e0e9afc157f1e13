#include "sql/sqlite_error.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace writ::sql {
namespace {

constexpr int exit_io_error = 74;  // EX_IOERR of sysexits.h

/// Long enough that a retry finds what an operator or a clean-up has freed.
constexpr std::chrono::seconds retry_when_full{30};

[[noreturn]] void end_process(sqlite3* db, std::string_view during) {
  const char* file = sqlite3_db_filename(db, "main");
  std::fprintf(stderr,
               "fatal: fsync failed on %s (%.*s, errno %d): what is on disk is unknown, so the process ends; "
               "check the disk, then start again\n",
               file == nullptr ? "?" : file, static_cast<int>(during.size()), during.data(), sqlite3_system_errno(db));
  std::fflush(stderr);
  std::_Exit(exit_io_error);
}

Error full() {
  return unavailable("storage_full", "the disk or the database's size limit is full: free or add space",
                     retry_when_full);
}

}  // namespace

Error sqlite_error(sqlite3* db, int code, std::string_view during) {
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) end_process(db, during);
  const std::string message = sqlite3_errmsg(db);
  const std::string where = "sqlite " + std::to_string(code) + ": " + std::string(during);
  const auto placed = [&](Error error) {
    error.where = where;
    return error;
  };
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID)
        return placed(conflict("unique_violation", message));
      return placed(conflict("constraint", message));
    case SQLITE_FULL: return placed(full());
    case SQLITE_IOERR:
      if (const int os = sqlite3_system_errno(db); os == ENOSPC || os == EDQUOT) return placed(full());
      return placed(unavailable("storage_failed", "the disk fails: " + message));
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return placed(unavailable("storage_busy", message));
    case SQLITE_TOOBIG: {
      Error error = internal(message);
      error.kind = ErrorKind::too_large;
      error.code = "value_too_large";
      return placed(std::move(error));
    }
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: {
      Error error = internal("the database file is damaged (" + message + "): restore a backup");
      error.code = "storage_corrupt";
      return placed(std::move(error));
    }
    case SQLITE_CANTOPEN: return placed(unavailable("data_not_writable", message, {}));
    default: return internal(message, where);
  }
}

}  // namespace writ::sql
