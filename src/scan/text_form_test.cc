#include "scan/text_form.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/encoding.h"
#include "scan/reading.h"

namespace writ::scan {
namespace {

std::vector<std::string> texts_of(std::string_view text, TextEnd end = TextEnd::whole) {
  std::vector<std::string> out;
  for (auto& form : forms_of(text, end, Places::wanted)) out.push_back(std::move(form.text));
  return out;
}
bool reads(std::string_view text, std::string_view as) {
  const auto forms = texts_of(text);
  return std::ranges::find(forms, as) != forms.end();
}

TEST(TextForm, plain_text_has_none) {
  EXPECT_TRUE(texts_of("Plain text, with a tab\t and a line break.\n").empty());
  EXPECT_TRUE(texts_of("").empty());
  EXPECT_FALSE(has_forms("~ \x20\t\n\r"));
  EXPECT_TRUE(has_forms("a\\b"));
  EXPECT_TRUE(has_forms("a\x7f"));
  EXPECT_TRUE(has_forms("\xC3\xBC"));
}

TEST(TextForm, what_does_not_show_is_left_out) {
  EXPECT_TRUE(reads("se\u200Bcr\u00ADet", "secret"));
  EXPECT_TRUE(reads(std::string_view("s\0ec\x7fret", 8), "secret"));
  EXPECT_TRUE(reads("\u202Esecret\u202C\uFE0F\U000E0100", "secret"));
}

TEST(TextForm, letters_read_as_what_they_look_like) {
  EXPECT_TRUE(reads("ѕесrеt", "secret"));
  EXPECT_TRUE(reads("ｓｅｃｒｅｔ", "secret"));
  EXPECT_TRUE(reads("ᔆecret", "Secret") || reads("ˢecret", "secret"));
  EXPECT_TRUE(reads("s\u0336é\u0301cret", "secret"));
  EXPECT_TRUE(reads("Ѕtraße", "Strasse"));
}

TEST(TextForm, a_letter_of_two_looks_is_read_both_ways) {
  EXPECT_TRUE(reads("Ιdea", "Idea"));
  EXPECT_TRUE(reads("aΙΙow", "allow"));
}

TEST(TextForm, hidden_tags_are_left_out_and_also_read) {
  EXPECT_TRUE(reads("a\U000E0073\U000E0065b", "ab"));
  EXPECT_TRUE(reads("a\U000E0073\U000E0065b", "aseb"));
}

TEST(TextForm, escapes_are_undone_to_the_stated_depth) {
  EXPECT_TRUE(reads(R"(\u0073ecret)", "secret"));
  EXPECT_TRUE(reads(R"(\x73\u{65}cret)", "secret"));
  EXPECT_TRUE(reads(R"({\"a\":\"\\u0073ecret\"})", R"({"a":"secret"})"));
  EXPECT_TRUE(reads(R"(\\\\u0073ecret)", "secret"));
  EXPECT_FALSE(reads(R"(\\\\\\\\u0073ecret)", "secret")) << "four times is beyond it";
  EXPECT_TRUE(reads(R"(\ud835\udc2cecret)", "secret")) << "a pair of halves, then by look";
  EXPECT_TRUE(reads(R"(\ud835x)", "\uFFFDx")) << "half a character is none";
}

TEST(TextForm, a_form_of_a_part_begins_the_form_of_the_whole) {
  const std::string text = R"(aé\u0073\ud835\udc2c\\u0073ſ\u{73}b)";
  const auto whole = forms_of(text, TextEnd::whole, Places::wanted);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto begin = std::string_view(text).substr(0, cut);
    if (!is_utf8(begin)) continue;
    for (const auto& form : forms_of(begin, TextEnd::cut, Places::wanted)) {
      EXPECT_LE(form.read, cut);
      EXPECT_TRUE(std::ranges::any_of(whole, [&](const TextForm& w) { return w.text.starts_with(form.text); }) ||
                  text.starts_with(form.text))
          << cut << ": " << form.text;
    }
  }
}

TEST(TextForm, places_are_those_of_the_original) {
  const std::string text = R"(x\u0073é)";
  for (const auto& form : forms_of(text, TextEnd::whole, Places::wanted)) {
    ASSERT_EQ(form.from.size(), form.text.size());
    ASSERT_EQ(form.to.size(), form.text.size());
    if (form.text == "xse") {
      EXPECT_EQ(form.from, (std::vector<std::uint32_t>{0, 1, 7}));
      EXPECT_EQ(form.to, (std::vector<std::uint32_t>{1, 7, 9}));
    }
  }
}

TEST(TextForm, every_reading_of_every_character_is_a_text) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    // No characters, and planes of ideographs that stand for themselves.
    if ((c >= 0xD800 && c < 0xE000) || (c >= 0x30000 && c < 0xE0000) || c >= 0xE1000) continue;
    if (const auto* reading = reading_of(c))
      for (const auto text : {reading->plain, reading->look, reading->other})
        ASSERT_TRUE(is_utf8(text)) << static_cast<std::uint32_t>(c);
  }
}

}  // namespace
}  // namespace writ::scan
