// The built-in tools that need nothing but this process: calculator and clock.
#pragma once

#include <memory>

#include "core/clock.h"
#include "tools/tool.h"

namespace writ::tools {

/// calculator {expression} → {result}. Pure. Errors: invalid (bad_expression, division_by_zero, not_a_number).
[[nodiscard]] std::unique_ptr<Tool> make_calculator();
/// clock {timezone?} → {date, time, timezone, weekday}. Idempotent: it has no effect, but its answer differs by the time.
/// Errors: invalid (unknown_timezone).
[[nodiscard]] std::unique_ptr<Tool> make_clock(const Clock& clock);

}  // namespace writ::tools
