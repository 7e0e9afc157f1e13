#include "scan/window_scanner.h"

#include <algorithm>

#include "core/assert.h"
#include "core/encoding.h"

namespace writ::scan {
namespace {

// A regex looks at one character before its match (`\b`, `^`).
constexpr std::size_t lookbehind = 4;
// Ten times what a word with something hidden between all letters has; a text that only says nothing is refused.
constexpr std::size_t unseen_bytes_max = 8192;
// `\\ud835\\udc2c` is one letter, and hidden ones may stand beside it.
constexpr std::size_t bytes_per_byte_max = 16;

std::size_t minus(std::size_t a, std::size_t b) { return a > b ? a - b : 0; }

/// The text, or one of its forms, with places in the text.
class Lane {
 public:
  explicit Lane(std::string_view text) : text_(text), read_(text.size()) {}
  explicit Lane(const TextForm& form) : text_(form.text), form_(&form), read_(form.read) {}

  [[nodiscard]] std::string_view text() const { return text_; }
  /// Where the lane's byte `at` comes from; the end of what was read for the end.
  [[nodiscard]] std::size_t from(std::size_t at) const {
    if (at >= text_.size()) return read_;
    while (at > 0 && continues_character(text_[at])) --at;
    return form_ == nullptr ? at : form_->from[at];
  }
  /// Where what the lane's bytes before `end` come from ends.
  [[nodiscard]] std::size_t to(std::size_t end) const {
    return form_ == nullptr || end == 0 ? end : form_->to[end - 1];
  }
  /// Where what is not among its last `count` bytes ends.
  [[nodiscard]] std::size_t before_last(std::size_t count) const {
    if (form_ == nullptr) return minus(text_.size(), count);
    return from(minus(text_.size(), count));
  }
  /// How many of its bytes come from the text's first `limit`.
  [[nodiscard]] std::size_t size_upto(std::size_t limit) const {
    if (form_ == nullptr) return limit;
    return static_cast<std::size_t>(std::ranges::upper_bound(form_->to, limit) - form_->to.begin());
  }
  /// The last place up to `place` that is in the midst of nothing that the lane reads as one.
  [[nodiscard]] std::size_t border_upto(std::size_t place) const {
    if (form_ == nullptr) return place < text_.size() ? from(place) : place;
    const auto at = size_upto(place);
    return at < text_.size() ? std::min(from(at), place) : place;
  }

 private:
  std::string_view text_;
  const TextForm* form_ = nullptr;
  std::size_t read_;
};

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
  WRIT_TRY(auto window, decide(utf8_complete_prefix(buffer_), TextEnd::cut));
  if (buffer_.size() > held_max(*scanner_))
    return fail(invalid("hidden_text", "the text has too many characters in a row that do not show or do not count"));
  return window;
}

Result<Window> WindowScanner::finish() {
  if (finished_) return fail(conflict("finished", "the text is already complete"));
  if (utf8_complete_prefix(buffer_) != buffer_.size())
    return fail(invalid("bad_text", "the text ends inside a character"));
  WRIT_TRY(auto window, decide(buffer_.size(), TextEnd::whole));
  finished_ = true;
  window.release_upto = released_ = total();
  return window;
}

std::size_t WindowScanner::held_max(const Scanner& scanner) {
  return bytes_per_byte_max * (scanner.max_match_length() + scanner.lookahead() + lookbehind) + unseen_bytes_max;
}

/// Reports the matches that end in (decided_, limit], which is as far as every form can tell; those beyond wait, because
/// the text after them may change them. `readable`: of the buffer.
Result<Window> WindowScanner::decide(std::size_t readable, TextEnd end) {
  const auto text = std::string_view(buffer_).substr(0, readable);
  if (!is_utf8(text)) return fail(invalid("bad_text", "the text is not UTF-8"));
  const auto forms = scanner_->max_match_length() == 0 ? std::vector<TextForm>{} : forms_of(text, end, Places::wanted);
  std::vector<Lane> lanes{Lane(text)};
  for (const auto& form : forms) lanes.emplace_back(form);
  const auto lookahead = end == TextEnd::whole ? 0 : scanner_->lookahead();
  auto limit = readable;
  for (const auto& lane : lanes) limit = std::min(limit, lane.before_last(lookahead));
  limit = std::max(limit, minus(decided_, start_));

  Window window;
  for (const auto& lane : lanes) {
    WRIT_TRY(auto found, scanner_->scan(lane.text()));
    for (auto& match : found) {
      match.from = start_ + lane.from(match.from);
      match.to = start_ + lane.to(match.to);
      if (match.to > decided_ && match.to <= start_ + limit) window.matches.push_back(std::move(match));
    }
  }
  std::ranges::sort(window.matches);
  const auto repeated = std::ranges::unique(window.matches);
  window.matches.erase(repeated.begin(), repeated.end());
  decided_ = start_ + limit;

  // A match that is still to come ends after `limit`, so in each lane it begins so far before, or later.
  const auto longest = std::max<std::size_t>(scanner_->max_match_length(), 1);
  auto upto = limit, needed = limit;
  for (const auto& lane : lanes) {
    const auto decided = lane.size_upto(limit);
    upto = std::min(upto, lane.from(minus(decided + 1, longest)));
    needed = std::min(needed, lane.from(minus(minus(decided + 1, longest), lookbehind)));
  }
  released_ = std::max(released_, start_ + upto);
  window.release_upto = released_;
  // A form that begins there must be the rest of the form as it is.
  for (bool is_border = false; !is_border;) {
    is_border = true;
    for (const auto& lane : lanes) {
      const auto border = lane.border_upto(needed);
      is_border = is_border && border == needed;
      needed = border;
    }
  }
  forget_before(start_ + needed);
  return window;
}

void WindowScanner::forget_before(std::size_t offset) {
  if (offset <= start_) return;
  buffer_.erase(0, offset - start_);
  start_ = offset;
}

}  // namespace writ::scan
