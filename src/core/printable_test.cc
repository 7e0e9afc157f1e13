#include "core/printable.h"

#include <gtest/gtest.h>

#include "core/json.h"

namespace writ {
namespace {

TEST(Printable, text_that_people_write_stays_as_it_is) {
  for (const std::string_view text :
       {"", "plain C:\\dir", "gr\u00fc\u00df \u4f60\u597d \u0645\u0631\u062d\u0628\u0627 \u2713 \u2192",
        "\u2764\uFE0F \U0001F600"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, what_a_terminal_acts_on_is_written_out) {
  EXPECT_EQ(printable("\x1b[2J\x1b]0;t\x07"), "\\u{1B}[2J\\u{1B}]0;t\\u{7}");
  EXPECT_EQ(printable("a\u009b31m\u0085b"), "a\\u{9B}31m\\u{85}b");
  EXPECT_EQ(printable("a\rb\bc\x7f"), "a\\rb\\u{8}c\\u{7F}");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\u{0}b");
}

TEST(Printable, what_hides_or_reorders_text_is_written_out) {
  EXPECT_EQ(printable("user\u202Egpj.exe"), "user\\u{202E}gpj.exe");
  for (const std::string_view hidden :
       {"\u200b", "\u200d", "\u200f", "\u2066", "\u2069", "\u061c", "\ufeff", "\u00ad", "\u2060", "\u3164", "\u115f",
        "\u180e", "\u2028", "\u2029", "\U000E0041", "\U000E0100", "\uFE0F", "\uFFF9", "\U0001D173"})
    EXPECT_TRUE(printable("a" + std::string(hidden)).starts_with("a\\u{")) << hidden;
}

TEST(Printable, bytes_that_are_no_utf8_are_written_out) {
  EXPECT_EQ(printable("a\x9b"
                      "31m\xff\xc3"),
            "a\\x9B31m\\xFF\\xC3");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xED\\xA0\\x80");
}

TEST(Printable, newlines_stay_only_where_several_lines_are_meant) {
  EXPECT_EQ(printable("a\n\tb\r"), "a\\n\\tb\\r");
  EXPECT_EQ(printable("a\n\tb\r", Lines::many), "a\n\tb\\r");
}

TEST(Printable, every_character_of_the_low_planes_is_shown_or_written_out_and_no_control_gets_through) {
  for (char32_t c = 0x80; c < 0xFFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    if (c < 0x800) text = {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
    else
      text = {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
              static_cast<char>(0x80 | (c & 0x3F))};
    const auto shown = printable(text);
    ASSERT_TRUE(shown == text || shown.starts_with("\\u{")) << std::hex << static_cast<unsigned>(c);
    if (c < 0xA0) { ASSERT_NE(shown, text); }
  }
}

TEST(Printable, json_keeps_its_value_and_loses_its_teeth) {
  const json::value value{{"k\u202e", "a\x1b[0m\u009b\u200b\U000E0041 \U0001F600 \u00fc"},
                          {"n", json::array{1, "x\ny"}}};
  const auto text = printable_json(to_text(value));
  EXPECT_EQ(*parse_json(text), value);
  EXPECT_EQ(printable(text), text) << "nothing is left to write out";
  EXPECT_NE(text.find("\\u202e"), std::string::npos);
  EXPECT_NE(text.find("\\udb40\\udc41"), std::string::npos);
}

}  // namespace
}  // namespace writ
