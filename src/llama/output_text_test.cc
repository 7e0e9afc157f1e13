#include "llama/output_text.h"

#include <gtest/gtest.h>

namespace writ::llama {
namespace {

/// The text an OutputText gives for the bytes in two pieces.
std::string in_two(std::string_view bytes, std::size_t cut, std::vector<std::string> stops = {}) {
  OutputText output(std::move(stops));
  auto text = output.push(bytes.substr(0, cut));
  text += output.push(bytes.substr(cut));
  if (!output.stopped()) text += output.flush();
  return text;
}

TEST(OutputText, characters_stay_whole_wherever_tokens_are_cut) {
  const std::string_view text = "a\u00e9\u20ac\U0001F600z";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    OutputText output;
    const auto first = output.push(text.substr(0, cut));
    EXPECT_TRUE(text.starts_with(first));
    EXPECT_EQ(first + output.push(text.substr(cut)), text) << cut;
  }
}

TEST(OutputText, bytes_that_are_no_utf8_become_the_replacement_character) {
  EXPECT_EQ(in_two("a\xFFz", 1), "a\uFFFDz");
  EXPECT_EQ(in_two("a\xE2\x82z", 2), "a\uFFFDz") << "a cut character in the middle is one";
  EXPECT_EQ(in_two("\xF0\x9F\x98\xF0\x9F\x98\x80", 3), "\uFFFD\U0001F600");
  EXPECT_EQ(in_two("\x80\xC3", 1), "\uFFFD");
}

TEST(OutputText, a_character_that_is_not_whole_at_the_end_is_left_out) {
  const std::string_view text = "a\u00e9\u20ac\U0001F600";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    for (std::size_t cut = 0; cut <= size; ++cut) {
      const auto shown = in_two(text.substr(0, size), cut, {"END"});
      EXPECT_TRUE(text.starts_with(shown)) << size << ": " << shown;
      EXPECT_LT(size - shown.size(), 4U);
      EXPECT_EQ(shown.find("\uFFFD"), std::string::npos) << size;
    }
  }
}

TEST(OutputText, the_beginning_of_a_stop_string_is_kept_and_the_cut_character_behind_it_is_not) {
  EXPECT_EQ(in_two("a EN\xE2\x82", 4, {"END"}), "a EN");
}

TEST(OutputText, text_ends_before_the_stop_string_wherever_it_is_cut) {
  const std::string_view text = "one END two";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) EXPECT_EQ(in_two(text, cut, {"END", ""}), "one ") << cut;
}

TEST(OutputText, the_beginning_of_a_stop_string_is_held_back_and_released) {
  OutputText output({"</s>"});
  EXPECT_EQ(output.push("a <"), "a ");
  EXPECT_EQ(output.push("/b"), "</b");
  EXPECT_EQ(output.push("</"), "");
  EXPECT_EQ(output.flush(), "</");
}

TEST(OutputText, the_first_of_two_stop_strings_wins) { EXPECT_EQ(in_two("xx B yy A", 9, {"A", "B"}), "xx "); }

}  // namespace
}  // namespace writ::llama
