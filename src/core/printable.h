// Text of a model, a tool, a file or another user, made fit to be shown: no character that a terminal acts on or hides.
#pragma once

#include <string>
#include <string_view>

namespace writ {

enum class Lines {
  one,  // newlines are escaped too: the text cannot pretend to be another line
  many,  // newlines and tabs stay
};

/// Control characters (C0, DEL, C1), what orders or hides text (bidi controls, zero-width and other invisible characters,
/// tags, line separators) and bytes that are no UTF-8 are written out: "\u{1B}", "\n", "\xFF". A backslash stays as it is.
/// Source: docs/decisions/0017-shown-text.md
[[nodiscard]] std::string printable(std::string_view text, Lines lines = Lines::one);

/// The same for serialised JSON, as JSON's own escapes ("\u202e"): its value stays what it was.
[[nodiscard]] std::string printable_json(std::string json);

}  // namespace writ
