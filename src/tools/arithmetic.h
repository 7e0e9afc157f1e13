// Arithmetic expressions as people write them: + - * / ^ ( ), `15%`, `17% of 2340`, 1,250.50, sqrt abs round.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace writ::tools {

/// Longest expression; the recursion depth is bounded by it.
inline constexpr std::size_t expression_max = 256;  // bytes

/// The value as a decimal text of at most 15 significant digits, without trailing zeros.
/// Errors: invalid (bad_expression) with the place; (division_by_zero); (not_a_number) beyond the range of numbers.
[[nodiscard]] Result<std::string> evaluate_expression(std::string_view expression);

}  // namespace writ::tools
