// PatternWeight: about how much work a pattern is to compile, known without compiling it.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "scan/scanner.h"

namespace writ::scan {

/// What one pattern may weigh: `.{1,64}`, `[a-z]{1,512}`. Beyond it, one expression takes seconds to compile or is refused.
inline constexpr std::size_t pattern_weight_max = 2'048;
/// What all patterns of a constitution may weigh, each counted once for every action: 10,000 literals of 26 bytes, or
/// 1,900 expressions for mail addresses. They take some 10 s of one background thread.
inline constexpr std::size_t total_weight_max = 262'144;

/// A literal weighs its bytes; an expression four times its characters, each repetition written out, and eight times as much
/// for `.` and other classes that hold most characters. Linear in the text; nothing is compiled.
/// Errors: a sentence for people, when it is nested deeper than 32 groups.
[[nodiscard]] std::expected<std::size_t, std::string> weight_of(const Pattern& pattern);

}  // namespace writ::scan
