// WindowScanner: scans a text that arrives in pieces and says how much of it can be let out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scan/scanner.h"
#include "scan/text_form.h"

namespace writ::scan {

/// What one piece made known.
struct Window {
  /// Bytes from the start of the text in which no further match begins, in any form; never decreases, ends at a character.
  std::size_t release_upto = 0;
  /// Newly known matches at their places in the whole text. Each begins at or after the `release_upto` of every earlier
  /// window, so nothing of it is out yet: decide about them before letting this window's text go.
  std::vector<Match> matches;
};

/// Every match of the whole text, as it stands and in each form in which it can be read (forms_of), is reported exactly
/// once, in some window, at its place in the text as it stands.
///
///   released        undecided: a match may begin here          unread
///   0 ──────────── release_upto ───────────────────────── total ─ ─ ─ ─
///                       max_match_length - 1 (+ lookahead), counted in the form in which it is longest
///
/// What a form leaves out does not count for its window: text is held however much stands between two letters, until
/// held_max is reached. Source: docs/decisions/0054-forms-in-a-window.md
///
/// `scanner` outlives it. Thread: one at a time.
class WindowScanner {
 public:
  explicit WindowScanner(const Scanner& scanner) : scanner_(&scanner) {}

  /// Where a scan stands, without its text: with the text from `start` to `total` again it can go on elsewhere.
  struct Place {
    std::size_t start = 0, decided = 0, released = 0, total = 0;
    bool operator==(const Place&) const = default;
  };
  /// A scan that goes on at `place`; `held` is the text from place.start to place.total, which the caller has verified.
  [[nodiscard]] static WindowScanner resume(const Scanner& scanner, const Place& place, std::string_view held);
  [[nodiscard]] Place place() const { return {start_, decided_, released_, total()}; }
  /// The text from place().start to place().total: at most held_max.
  [[nodiscard]] std::string_view held() const { return buffer_; }

  /// text: the bytes at `offset`, which must be total(); a character may be cut in two.
  /// Errors: conflict (bad_offset); invalid (bad_text) when the bytes cannot be UTF-8, invalid (hidden_text) when more
  /// than held_max would be held: nothing more is released.
  [[nodiscard]] Result<Window> feed(std::size_t offset, std::string_view text);
  /// The text is complete: everything is decided and released.
  /// Errors: invalid (bad_text) when it ends inside a character. Further calls: conflict (finished).
  [[nodiscard]] Result<Window> finish();

  /// Bytes fed so far.
  [[nodiscard]] std::size_t total() const { return start_ + buffer_.size(); }
  /// Bytes of text that are held at most: windows of escapes within escapes, and a run of characters that do not show.
  [[nodiscard]] static std::size_t held_max(const Scanner& scanner);

 private:
  [[nodiscard]] Result<Window> decide(std::size_t readable, TextEnd end);
  void forget_before(std::size_t offset);

  const Scanner* scanner_;
  std::string buffer_;  // text[start_, total())
  std::size_t start_ = 0;  // offset of buffer_ in the text; at a character
  std::size_t decided_ = 0;  // all matches that end at or before this offset have been reported
  std::size_t released_ = 0;
  bool finished_ = false;
};

}  // namespace writ::scan
