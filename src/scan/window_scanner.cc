#include "scan/window_scanner.h"

#include <algorithm>

#include "core/assert.h"
#include "core/encoding.h"

namespace writ::scan {
namespace {

// A regex looks at one character before its match (`\b`, `^`).
constexpr std::size_t lookbehind = 4;

std::size_t minus(std::size_t a, std::size_t b) { return a > b ? a - b : 0; }

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

WindowScanner WindowScanner::resume(const Scanner& scanner, const Place& place, std::string_view held) {
  WRIT_ASSERT(place.start + held.size() == place.total, "the held text is the one of the place");
  WindowScanner out(scanner);
  out.buffer_ = held;
  out.start_ = place.start;
  out.decided_ = place.decided;
  out.released_ = place.released;
  return out;
}

Result<Window> WindowScanner::feed(std::size_t offset, std::string_view text) {
  if (finished_) return fail(conflict("finished", "the text is already complete"));
  if (offset != total()) return fail(conflict("bad_offset", "the piece does not follow the text so far"));
  buffer_.append(text);
  const auto readable = start_ + utf8_complete_prefix(buffer_);
  return decide_upto(readable, std::max(decided_, minus(readable, scanner_->lookahead())));
}

Result<Window> WindowScanner::finish() {
  if (finished_) return fail(conflict("finished", "the text is already complete"));
  if (utf8_complete_prefix(buffer_) != buffer_.size())
    return fail(invalid("bad_text", "the text ends inside a character"));
  WRIT_TRY(auto window, decide_upto(total(), total()));
  finished_ = true;
  window.release_upto = released_ = total();
  return window;
}

/// Reports the matches that end in (decided_, limit]; those beyond wait, because the text after them may change them.
Result<Window> WindowScanner::decide_upto(std::size_t readable, std::size_t limit) {
  WRIT_TRY(auto found, scanner_->scan(std::string_view(buffer_).substr(0, readable - start_)));
  Window window;
  for (auto& match : found) {
    match.from += start_;
    match.to += start_;
    if (match.to > decided_ && match.to <= limit) window.matches.push_back(std::move(match));
  }
  decided_ = limit;
  // A match that is still to come ends after `limit`, so it begins at or after this offset.
  const auto longest = std::max<std::size_t>(scanner_->max_match_length(), 1);
  auto upto = minus(limit + 1, longest);
  while (upto > start_ && upto < total() && continues_character(buffer_[upto - start_])) --upto;
  released_ = std::max(released_, upto);
  window.release_upto = released_;
  forget_before(minus(minus(limit + 1, longest), lookbehind));
  return window;
}

void WindowScanner::forget_before(std::size_t offset) {
  while (offset > start_ && offset < total() && continues_character(buffer_[offset - start_])) --offset;
  if (offset <= start_) return;
  buffer_.erase(0, offset - start_);
  start_ = offset;
}

}  // namespace writ::scan
