// Result<T>: a value or an operating error.
#pragma once

#include <expected>
#include <utility>

#include "core/error.h"

namespace writ {

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// `return fail(not_found("no_run", "…"));`
[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace writ

// Early return on error, in functions and coroutines: `WRIT_TRY(auto row, find(id));`
#define WRIT_CONCAT_(a, b) a##b
#define WRIT_CONCAT(a, b) WRIT_CONCAT_(a, b)
#define WRIT_TRY_IMPL(tmp, decl, expr, ret)              \
  auto tmp = (expr);                                     \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = std::move(*tmp)
#define WRIT_TRY(decl, expr) WRIT_TRY_IMPL(WRIT_CONCAT(result_, __LINE__), decl, expr, return)
#define WRIT_CO_TRY(decl, expr) WRIT_TRY_IMPL(WRIT_CONCAT(result_, __LINE__), decl, expr, co_return)
#define WRIT_CHECK(expr)                                                                        \
  do {                                                                                          \
    if (auto checked_ = (expr); !checked_) return std::unexpected(std::move(checked_).error()); \
  } while (0)
#define WRIT_CO_CHECK(expr)                                                                        \
  do {                                                                                             \
    if (auto checked_ = (expr); !checked_) co_return std::unexpected(std::move(checked_).error()); \
  } while (0)
