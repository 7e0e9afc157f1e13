// Connection: one SQLite handle with its prepared statements. The only header that names SQLite's types, private to
// this folder.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "sql/sqlite.h"
#include "sql/transaction.h"

namespace writ::sql {

/// read_only: a file that somebody else may have left a log beside; immutable: one that nobody writes, without a log.
enum class Access { writer, reader, read_only, immutable };
enum class Checkpoint { passive, truncate };

/// Thread: one at a time.
class Connection {
 public:
  /// The writer creates the file and makes it WAL; a reader cannot write.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Access access,
                                                                const SqliteOptions& options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Several statements without arguments or rows.
  [[nodiscard]] Status script(const std::string& sql);
  [[nodiscard]] Result<std::vector<Row>> query(std::string_view sql, std::span<const Param> params,
                                               std::size_t rows_max);
  [[nodiscard]] Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params = {});

  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
  /// A deferred foreign key is not satisfied: the COMMIT would fail.
  [[nodiscard]] bool has_open_foreign_keys() const;
  /// Pages in the log after the last commit.
  [[nodiscard]] int wal_pages() const { return wal_pages_; }
  /// Copies the log into the file. Waiting for readers is no error.
  [[nodiscard]] Status checkpoint(Checkpoint how);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Cached {
    std::unique_ptr<sqlite3_stmt, Finalize> statement;
    std::uint64_t used = 0;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  Connection() = default;
  [[nodiscard]] Status configure(Access access, const SqliteOptions& options);
  [[nodiscard]] Result<sqlite3_stmt*> prepare(std::string_view sql);
  [[nodiscard]] Status bind(sqlite3_stmt* statement, std::string_view sql, std::span<const Param> params);
  [[nodiscard]] Error error(int code, std::string_view during);

  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, Cached, TextHash, std::equal_to<>> statements_;
  std::uint64_t uses_ = 0;
  int wal_pages_ = 0;
};

/// The statements of one piece of work; readers give it out as Reader.
class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(Connection& connection, WallTime now) : connection_(connection), now_(now) {}
  [[nodiscard]] WallTime now() const override { return now_; }
  /// Why the transaction is over before its time: SQLite undoes it whole when the disk is full, for instance.
  [[nodiscard]] const std::optional<Error>& fatal() const { return fatal_; }

 protected:
  Result<std::vector<Row>> query(std::string_view sql, std::span<const Param> params, std::size_t rows_max) override {
    if (fatal_) return fail(*fatal_);
    return checked(connection_.query(sql, params, rows_max));
  }
  Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override {
    if (fatal_) return fail(*fatal_);
    return checked(connection_.execute(sql, params));
  }

 private:
  template <class T>
  Result<T> checked(Result<T> result) {
    if (!connection_.in_transaction())
      fatal_ = result ? internal("a statement of the work ended the transaction", "sql") : result.error();
    return result;
  }

  Connection& connection_;
  const WallTime now_;
  std::optional<Error> fatal_;  // refuses every further statement: it would commit by itself
};

}  // namespace writ::sql
