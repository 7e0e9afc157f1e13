// TextForm: the ways in which a text can be read that a search for patterns must know, besides as it stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace writ::scan {

/// Escapes within escapes are undone so often: arguments are JSON in a string of JSON, and may hold JSON themselves.
inline constexpr int unescape_depth_max = 3;

/// One way to read a text. Byte i of `text` was made from the original's bytes [from[i], to[i]), if places are wanted.
struct TextForm {
  std::string text;
  std::vector<std::uint32_t> from, to;
  std::size_t read = 0;  // of the original: less than all when it ends in the midst of an escape
};

/// `cut`: more of the text may follow, so an escape that it ends in is left for later.
enum class TextEnd { whole, cut };
enum class Places { wanted, unwanted };

/// The forms that differ from the text itself and from each other, of: its escapes undone (`\u0073`, `\"`, `\x73`, and
/// escapes within, to unescape_depth_max); each of those plain, by look, and read otherwise (see Reading).
/// Each character or escape is read for itself, so a form of a longer text begins with the form of a shorter one, and
/// a text may be begun at the border of any character that is the border of an escape. Linear; the text is UTF-8.
[[nodiscard]] std::vector<TextForm> forms_of(std::string_view text, TextEnd end, Places places);
/// Whether there can be any: false for ASCII without backslashes and controls, which costs a look at each byte.
[[nodiscard]] bool has_forms(std::string_view text);
/// Whether the byte goes on with a character of UTF-8 that began before it.
[[nodiscard]] constexpr bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }
/// Without the blanks and what does not show at its two ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);
/// The text with its escapes undone, once.
[[nodiscard]] std::string unescaped(std::string_view text);
/// By look: how a literal must stand to be found in a text's form of that kind.
[[nodiscard]] std::string look_of(std::string_view text);

}  // namespace writ::scan
