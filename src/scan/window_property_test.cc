// Scanning in pieces finds exactly what scanning the whole text finds, and nothing of a match is let out before it is known.
#include <algorithm>
#include <array>

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

constexpr std::array<std::string_view, 12> alphabet{"a",  "b", "c", "a", "b", " ",
                                                    "\n", "ü", "€", "k", "ß", "\xE2\x84\xAA"};

std::string a_text() {
  std::string text;
  const int length = *rc::gen::inRange(0, 40);
  for (int i = 0; i < length; ++i) text += alphabet[*rc::gen::inRange<std::size_t>(0, alphabet.size())];
  return text;
}

void windows_agree_with(const Scanner& patterns) {
  const auto text = a_text();
  const auto whole = patterns.scan(text);
  RC_ASSERT(whole.has_value());
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
    RC_ASSERT(windows.total() - released <= patterns.max_match_length() + patterns.lookahead() + 4);
  };
  take(windows.feed(0, ""));
  while (windows.total() < text.size()) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 9);
    take(windows.feed(windows.total(), std::string_view(text).substr(windows.total(), size)));
  }
  take(windows.finish());
  RC_ASSERT(released == text.size());
  std::ranges::sort(matches);
  RC_ASSERT(matches.size() == whole->size());
  auto expected = *whole;
  std::ranges::sort(expected);
  RC_ASSERT(std::ranges::equal(matches, expected));
}

TEST(Windows, agree_with_the_whole_text_for_literals_and_expressions) {
  EXPECT_TRUE(rc::check([] { windows_agree_with(scanner()); }));
}
TEST(Windows, agree_with_the_whole_text_for_literals) {
  EXPECT_TRUE(rc::check([] { windows_agree_with(literals()); }));
}

}  // namespace
}  // namespace writ::scan
