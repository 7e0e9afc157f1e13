// Reading: what single characters stand for when a text is searched, from Unicode's data.
#pragma once

#include <string_view>

namespace writ::scan {

/// How a character reads. Lives as long as the process.
struct Reading {
  std::string_view plain;  // its compatibility form (NFKC); empty when it does not show
  std::string_view look;   // without accents, as the ASCII character it looks like
  std::string_view other;  // another way to read it: I for l, what a tag character hides; else as `look`
};

/// Null for a character that stands for itself in every form, as all of ASCII but controls do.
/// Data are made for 256 characters at once when the first of them is met (0.2 ms). Thread: any.
/// Source: docs/decisions/0053-what-detectors-see.md
[[nodiscard]] const Reading* reading_of(char32_t c);

}  // namespace writ::scan
