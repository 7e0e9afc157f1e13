// Reader and Transaction: the statements that the work given to Database::read and Database::write may run.
#pragma once

#include <array>
#include <limits>
#include <span>
#include <string_view>

#include "core/result.h"
#include "sql/value.h"

namespace writ::sql {

/// One consistent snapshot of what is committed. Statements are constant text with `?1 ?2 …`; never paste values into it.
/// Thread: the one that runs the work.
class Reader {
 public:
  virtual ~Reader() = default;

  /// All rows. Bound the number with LIMIT.
  /// Errors: internal (bad statement), unavailable (storage_full, storage_failed, storage_busy), conflict (see Transaction::run).
  template <class... Args>
  [[nodiscard]] Result<std::vector<Row>> rows(std::string_view sql, const Args&... args) {
    const std::array<Param, sizeof...(Args)> params{to_param(args)...};
    return query(sql, params, std::numeric_limits<std::size_t>::max());
  }
  /// The only row, or nothing. A second row is an `internal` error.
  template <class... Args>
  [[nodiscard]] Result<std::optional<Row>> row(std::string_view sql, const Args&... args) {
    const std::array<Param, sizeof...(Args)> params{to_param(args)...};
    WRIT_TRY(auto found, query(sql, params, 2));
    if (found.size() > 1) return fail(internal("more than one row: " + std::string(sql), "sql"));
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  }

  /// The database's clock, the same during one transaction; for windows and leases.
  [[nodiscard]] virtual WallTime now() const = 0;

 protected:
  [[nodiscard]] virtual Result<std::vector<Row>> query(std::string_view sql, std::span<const Param> params,
                                                       std::size_t rows_max) = 0;
};

/// Sees and adds to the writes that are about to be committed.
class Transaction : public Reader {
 public:
  /// Runs one INSERT, UPDATE or DELETE and gives the number of rows it changed. (`rows()` runs one with RETURNING.)
  /// Errors: conflict (unique_violation, constraint), unavailable (storage_full, storage_failed), internal (bad statement).
  template <class... Args>
  Result<std::int64_t> run(std::string_view sql, const Args&... args) {
    const std::array<Param, sizeof...(Args)> params{to_param(args)...};
    return execute(sql, params);
  }

 protected:
  [[nodiscard]] virtual Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) = 0;
};

}  // namespace writ::sql
