// Patterns of JSON Schema (ECMA-262 regular expressions) in the form that the engine enforces exactly.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace writ::grammar {

/// The same language as an anchored expression of plain characters, classes, groups and counted repetitions. A pattern
/// that is not anchored matches anywhere in the text, as JSON Schema says.
/// Errors: invalid (bad_pattern) with what is wrong or cannot be enforced: look-around, back references, word boundaries,
/// anchors inside a group, modifiers; and beyond the limits pattern_bytes, pattern_depth and pattern_size.
[[nodiscard]] Result<std::string> enforced_pattern(std::string_view pattern);

/// The pattern of a format of JSON Schema, "" where there is none. What it takes, every validator takes: for example no
/// 30th of February, and no leap second.
[[nodiscard]] std::string_view pattern_of_format(std::string_view format);

}  // namespace writ::grammar
