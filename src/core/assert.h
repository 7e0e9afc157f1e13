// WRIT_ASSERT: a belief about our own code, checked in every build and never reachable from input.
#pragma once

namespace writ {
/// Prints file, line and what was believed, then aborts.
[[noreturn]] void assertion_failed(const char* file, int line, const char* condition, const char* believed) noexcept;
}  // namespace writ

#define WRIT_ASSERT(condition, believed) \
  (static_cast<bool>(condition) ? void(0) : ::writ::assertion_failed(__FILE__, __LINE__, #condition, believed))
