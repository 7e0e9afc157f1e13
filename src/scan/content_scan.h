// ContentScan: which patterns a whole content holds, in every way in which it can be read and over the borders of its parts.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "scan/scanner.h"

namespace writ::scan {

/// A text of one or more parts.
struct Content {
  std::string_view text;
  std::span<const std::size_t> breaks;  // places of the line breaks that stand between two parts, rising
};

/// Ids of the patterns that match: the text as it stands, one of its forms (forms_of), or its parts put together: those
/// between breaks, and the strings of JSON within them (json_strings: all, the keys, the values), each time with nothing
/// between and with a space; blanks and what does not show at a part's ends are left out. Of a part longer than twice joined_bytes, only its two ends are put together with others.
/// A match over a border with nothing between counts when it begins or ends a word, for else every name ends in another.
/// Errors: invalid (bad_text) when the text is not UTF-8 or a break no line break of it.
[[nodiscard]] Result<std::set<std::string>> patterns_in(const Scanner& scanner, const Content& content);

/// How much of each end of a part is put together with its neighbours: a longest match, also where each of its
/// characters is written as an escape or followed by one that does not show.
[[nodiscard]] std::size_t joined_bytes(const Scanner& scanner);

}  // namespace writ::scan
