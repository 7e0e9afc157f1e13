// Scanning in pieces finds exactly what scanning the whole text finds, and nothing of a match is let out before it is known.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "scan/window_scanner.h"

namespace writ::scan {
namespace {

const Scanner& scanner() {
  static const auto compiled = Scanner::compile({
      {"literal", PatternKind::literal, "abca", false, 0},
      {"folded", PatternKind::literal, "Kß", true, 0},
      {"repeat", PatternKind::regex, "a[bc]{1,4}a", false, 6},
      {"word", PatternKind::regex, R"(\bab{0,2}\b)", false, 3},
      {"start", PatternKind::regex, "^ca", false, 2},
      {"end", PatternKind::regex, "b.{0,2}$", false, 9},
      {"wide", PatternKind::regex, "ü.?€", false, 9},
  });
  return *compiled;
}
const Scanner& literals() {
  static const auto compiled =
      Scanner::compile({{"x", PatternKind::literal, "abca", false, 0}, {"y", PatternKind::literal, "ü€", true, 0}});
  return *compiled;
}

using Alphabet = std::vector<std::string_view>;

// Letters, and what is long in bytes.
const Alphabet as_it_stands{"a", "b", "c", "a", "b", " ", "\n", "ü", "€", "k", "ß", "\xE2\x84\xAA"};
// The same, and what hides them: characters that do not show, accents, look-alikes, escapes and pieces of such.
const Alphabet disguised{"a",          "b",          "c",       "a",       "b",         " ",       "ü",  "€",
                         "k",          "\u200B",     "\u200B",  "\u00AD",  "\u0301",    "ａ",      "ｂ", "ⅽ",
                         "а",          "с",          "\\u0061", "\\u0062", "\\\\u0063", "\\u200b", "\\", "u",
                         "0",          "6",          "1",       "\\ud835", "\\udc1a",   "\\x61",   "\"", "\\n",
                         "\U0001D41A", "\U000E0061", "Ι",       "\u2028",  "\x01"};

std::string a_text(const Alphabet& alphabet) {
  std::string text;
  const int length = *rc::gen::inRange(0, 40);
  for (int i = 0; i < length; ++i) text += alphabet[*rc::gen::inRange<std::size_t>(0, alphabet.size())];
  return text;
}

// Of the text and of all its forms, each at its place in the text.
std::vector<Match> matches_in(const Scanner& patterns, std::string_view text) {
  auto out = *patterns.scan(text);
  for (const auto& form : forms_of(text, TextEnd::whole, Places::wanted))
    for (auto& match : *patterns.scan(form.text))
      out.push_back({match.pattern, form.from[match.from], form.to[match.to - 1]});
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

constexpr std::size_t held_of_one_byte = 3;  // the Kelvin sign reads as K

enum class Restarts { none, some };

void windows_agree_with(const Scanner& patterns, const Alphabet& alphabet, Restarts restarts = Restarts::none) {
  const auto text = a_text(alphabet);
  WindowScanner windows(patterns);
  std::vector<Match> matches;
  std::size_t released = 0;
  const auto take = [&](Result<Window> window) {
    RC_ASSERT(window.has_value());
    for (auto& match : window->matches) {
      RC_ASSERT(match.from >= released);
      matches.push_back(std::move(match));
    }
    RC_ASSERT(window->release_upto >= released);
    released = window->release_upto;
    RC_ASSERT(released <= windows.total());
    RC_ASSERT(windows.place().start <= released);
    if (&alphabet == &as_it_stands)
      RC_ASSERT(windows.total() - released <=
                held_of_one_byte * (patterns.max_match_length() + patterns.lookahead() + 1));
  };
  take(windows.feed(0, ""));
  while (windows.total() < text.size()) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 9);
    take(windows.feed(windows.total(), std::string_view(text).substr(windows.total(), size)));
    if (restarts == Restarts::some && *rc::gen::inRange(0, 3) == 0) {
      const auto place = windows.place();
      const auto held = std::string_view(text).substr(place.start, place.total - place.start);
      RC_ASSERT(held == windows.held());
      windows = WindowScanner::resume(patterns, place, held);
    }
  }
  take(windows.finish());
  RC_ASSERT(released == text.size());
  std::ranges::sort(matches);
  RC_ASSERT(matches == matches_in(patterns, text));
}

TEST(Windows, agree_with_the_whole_text_for_literals_and_expressions) {
  EXPECT_TRUE(rc::check([] { windows_agree_with(scanner(), as_it_stands); }));
}
TEST(Windows, agree_with_the_whole_text_for_literals) {
  EXPECT_TRUE(rc::check([] { windows_agree_with(literals(), as_it_stands); }));
}
TEST(Windows, let_nothing_of_a_disguised_match_out_before_it_is_known) {
  EXPECT_TRUE(rc::check([] { windows_agree_with(scanner(), disguised); }));
  EXPECT_TRUE(rc::check([] { windows_agree_with(literals(), disguised); }));
}
TEST(Windows, go_on_elsewhere_from_their_place_and_what_they_hold) {
  EXPECT_TRUE(rc::check([] { windows_agree_with(scanner(), disguised, Restarts::some); }));
  EXPECT_TRUE(rc::check([] { windows_agree_with(literals(), disguised, Restarts::some); }));
}

}  // namespace
}  // namespace writ::scan
