// Scanner: finds all matches of many literal and regular-expression patterns in one pass over UTF-8 text.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace writ::scan {

/// A literal is text as it stands, and also what that looks like in a text's form by look (text_form.h); a regex is a PCRE without back-references and look-around, on characters, not bytes;
/// its \w, \d, \s and \b know ASCII only.
enum class PatternKind { literal, regex };

struct Pattern {
  std::string id;
  PatternKind kind = PatternKind::literal;
  std::string text;
  bool case_insensitive = false;  // Unicode's simple case folding
  /// Bytes. A pattern that could match more is refused, so that a caller can hold back as much and no more.
  /// 0 on a literal means its own length; a regex must declare it.
  std::size_t max_match_length = 0;
};

/// text[from, to) in bytes. `from` is the leftmost start for this end; a regex may match at several ends.
struct Match {
  std::string pattern;
  std::size_t from = 0;
  std::size_t to = 0;
  auto operator<=>(const Match&) const = default;
};

/// More patterns in one set take seconds to compile.
inline constexpr std::size_t patterns_max = 10'000;

/// Immutable; callable from any thread. Each thread that scans at the same time adds one scratch space of some 10 KiB.
class Scanner {
 public:
  /// No patterns is a scanner that finds nothing.
  /// Errors: invalid (bad_patterns) with all problems, each at /patterns/<index> where it is one pattern's own;
  /// unavailable (unsupported_cpu).
  [[nodiscard]] static Result<Scanner> compile(const std::vector<Pattern>& patterns);

  Scanner(Scanner&&) noexcept;
  Scanner& operator=(Scanner&&) noexcept;
  ~Scanner();

  /// All matches, sorted by from, to, pattern. Errors: invalid (bad_text) when the text is not UTF-8.
  [[nodiscard]] Result<std::vector<Match>> scan(std::string_view text) const;

  /// Bytes of the longest possible match of any pattern, as it stands or by look; 0 without patterns.
  [[nodiscard]] std::size_t max_match_length() const;
  /// Bytes after a match that can decide whether it is one (`\b`, `$`): one character for a regex, else 0.
  [[nodiscard]] std::size_t lookahead() const;

 private:
  struct Database;
  explicit Scanner(std::unique_ptr<Database> database);

  std::unique_ptr<Database> database_;
};

}  // namespace writ::scan
