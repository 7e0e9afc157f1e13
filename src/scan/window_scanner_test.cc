#include "scan/window_scanner.h"

#include <gtest/gtest.h>

namespace writ::scan {
namespace {

Scanner scanner_of(std::vector<Pattern> patterns) {
  auto scanner = Scanner::compile(patterns);
  if (!scanner) ADD_FAILURE() << scanner.error().message;
  return std::move(scanner.value());
}
Scanner denied() { return scanner_of({{"term", PatternKind::literal, "forbidden", true, 0}}); }

Window feed(WindowScanner& windows, std::string_view text) {
  auto window = windows.feed(windows.total(), text);
  if (!window) ADD_FAILURE() << window.error().message;
  return window.value_or(Window{});
}

TEST(WindowScanner, finds_a_term_split_at_every_place_and_lets_nothing_of_it_out_before) {
  const auto scanner = denied();
  const std::string text = "this is Forbidden here";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    WindowScanner windows(scanner);
    const auto first = feed(windows, std::string_view(text).substr(0, cut));
    if (first.matches.empty()) EXPECT_LE(first.release_upto, 8U) << cut;
    auto matches = first.matches;
    const auto second = feed(windows, std::string_view(text).substr(cut));
    matches.insert(matches.end(), second.matches.begin(), second.matches.end());
    const auto last = windows.finish();
    ASSERT_TRUE(last);
    matches.insert(matches.end(), last->matches.begin(), last->matches.end());
    EXPECT_EQ(matches, (std::vector<Match>{{"term", 8, 17}})) << cut;
    EXPECT_EQ(last->release_upto, text.size());
  }
}

TEST(WindowScanner, holds_back_one_byte_less_than_the_longest_match) {
  const auto scanner = denied();
  WindowScanner windows(scanner);
  EXPECT_EQ(feed(windows, "12345678").release_upto, 0U);
  EXPECT_EQ(feed(windows, "9").release_upto, 1U);
  EXPECT_EQ(feed(windows, "0123456789").release_upto, 11U);
  EXPECT_EQ(windows.finish()->release_upto, 19U);
}

TEST(WindowScanner, adjacent_terms_are_reported_once_each) {
  const auto scanner = denied();
  WindowScanner windows(scanner);
  std::vector<Match> matches;
  for (const char c : std::string("forbiddenforbidden!forbidden"))
    for (auto& match : feed(windows, std::string_view(&c, 1)).matches) matches.push_back(match);
  EXPECT_EQ(matches, (std::vector<Match>{{"term", 0, 9}, {"term", 9, 18}, {"term", 19, 28}}));
  EXPECT_TRUE(windows.finish()->matches.empty());
}

TEST(WindowScanner, releases_at_characters_only) {
  const auto scanner = scanner_of({{"term", PatternKind::literal, "xyz", false, 0}});
  WindowScanner windows(scanner);
  const std::string text = "ä€😀ß";
  std::size_t last = 0;
  for (const char c : text) {
    const auto upto = feed(windows, std::string_view(&c, 1)).release_upto;
    EXPECT_GE(upto, last);
    last = upto;
    EXPECT_TRUE(upto == 0 || upto == 2 || upto == 5 || upto == 9) << upto;
  }
  EXPECT_EQ(windows.finish()->release_upto, text.size());
}

TEST(WindowScanner, releases_at_characters_only_also_where_forms_differ_from_the_text) {
  const auto scanner = scanner_of({{"mail", PatternKind::regex, "[a-z]{1,16}@[a-z]{1,16}", false, 33}});
  const std::string text =
      "Z\u00FCrich, \u0141\u00F3d\u017A, \u0391\u03B8\u03AE\u03BD\u03B1, \u6771\u4EAC, \u200D, \U0001F642 "
      "Z\u00FCrich, \u200D, \U0001F642 \U0001F642 end of it";
  for (std::size_t size = 1; size <= 5; ++size) {
    WindowScanner windows(scanner);
    for (std::size_t at = 0; at < text.size(); at += size) {
      const auto upto = feed(windows, std::string_view(text).substr(at, size)).release_upto;
      EXPECT_TRUE(upto == text.size() || (static_cast<unsigned char>(text[upto]) & 0xC0U) != 0x80U)
          << size << ' ' << upto;
    }
  }
}

TEST(WindowScanner, what_follows_decides_about_a_word_boundary) {
  const auto scanner =
      scanner_of({{"word", PatternKind::regex, R"(\bcat\b)", false, 3}, {"end", PatternKind::regex, "dog$", false, 3}});
  WindowScanner windows(scanner);
  EXPECT_TRUE(feed(windows, "con").matches.empty());
  EXPECT_TRUE(feed(windows, "cat cat").matches.empty());
  EXPECT_TRUE(feed(windows, "s dog").matches.empty());
  EXPECT_TRUE(feed(windows, " or cat ").matches.empty());
  EXPECT_EQ(feed(windows, "and dog").matches, (std::vector<Match>{{"word", 19, 22}}));
  EXPECT_EQ(windows.finish()->matches, (std::vector<Match>{{"end", 27, 30}}));
}

TEST(WindowScanner, without_patterns_everything_complete_goes_out_at_once) {
  const auto scanner = scanner_of({});
  WindowScanner windows(scanner);
  EXPECT_EQ(feed(windows, "").release_upto, 0U);
  EXPECT_EQ(feed(windows, "abc\xC3").release_upto, 3U);
  EXPECT_EQ(feed(windows, "\xBC").release_upto, 5U);
}

TEST(WindowScanner, a_gap_or_a_repeated_piece_is_refused_and_changes_nothing) {
  const auto scanner = denied();
  WindowScanner windows(scanner);
  ASSERT_TRUE(windows.feed(0, "abc"));
  EXPECT_EQ(windows.feed(0, "abc").error().code, "bad_offset");
  EXPECT_EQ(windows.feed(4, "x").error().code, "bad_offset");
  EXPECT_EQ(windows.total(), 3U);
}

TEST(WindowScanner, bytes_that_are_not_utf8_stop_it_for_good) {
  const auto scanner = denied();
  WindowScanner windows(scanner);
  EXPECT_EQ(windows.feed(0, "abc\xff and more text").error().code, "bad_text");
  EXPECT_EQ(windows.feed(windows.total(), "fine text again").error().code, "bad_text");
  EXPECT_FALSE(windows.finish());
  WindowScanner cut(scanner);
  ASSERT_TRUE(cut.feed(0, "abc\xC3"));
  EXPECT_EQ(cut.finish().error().code, "bad_text");
}

TEST(WindowScanner, what_does_not_show_does_not_widen_a_match_beyond_its_window) {
  const auto scanner = denied();
  const std::string hidden = "\u200B\u00AD\u0336";
  std::string text = "fine so far ";
  const auto begin = text.size();
  for (const char c : std::string("forbidden")) {
    text += c;
    for (int i = 0; i < 50; ++i) text += hidden;
  }
  for (const std::size_t piece : {5U, 48U, 1000U}) {
    WindowScanner windows(scanner);
    std::vector<Match> matches;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const auto window = feed(windows, std::string_view(text).substr(at, piece));
      if (matches.empty() && window.matches.empty()) EXPECT_LE(window.release_upto, begin) << piece;
      matches.insert(matches.end(), window.matches.begin(), window.matches.end());
    }
    ASSERT_EQ(matches.size(), 1U);
    EXPECT_EQ(matches[0].from, begin);
  }
}

TEST(WindowScanner, a_run_that_does_not_show_is_held_to_a_bound_and_then_refused) {
  const auto scanner = denied();
  WindowScanner windows(scanner);
  feed(windows, "for");
  std::size_t held = 0;
  const std::string hidden(144, '\0');
  for (;;) {
    const auto window = windows.feed(windows.total(), hidden);
    if (!window) {
      EXPECT_EQ(window.error().code, "hidden_text");
      break;
    }
    EXPECT_EQ(window->release_upto, 0U);
    held = windows.held().size();
    ASSERT_LE(held, WindowScanner::held_max(scanner));
  }
  EXPECT_GT(held, 8192U);
}

TEST(WindowScanner, an_escape_cut_in_two_is_held_until_it_is_whole) {
  const auto scanner = denied();
  const std::string text = R"("so \u0066\u006frbi\uD835\uDC1D\x64en \no")";
  const auto end = text.find(" \\no");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    WindowScanner windows(scanner);
    auto matches = feed(windows, std::string_view(text).substr(0, cut)).matches;
    if (matches.empty()) EXPECT_LE(windows.place().released, 4U) << cut;
    const auto second = feed(windows, std::string_view(text).substr(cut));
    matches.insert(matches.end(), second.matches.begin(), second.matches.end());
    EXPECT_EQ(matches, (std::vector<Match>{{"term", 4, end}})) << cut;
  }
}

TEST(WindowScanner, is_over_when_finished) {
  const auto scanner = denied();
  WindowScanner windows(scanner);
  ASSERT_TRUE(windows.finish());
  EXPECT_EQ(windows.feed(0, "a").error().code, "finished");
  EXPECT_EQ(windows.finish().error().code, "finished");
}

}  // namespace
}  // namespace writ::scan
