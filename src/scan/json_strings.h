// JsonStrings: the strings and numbers of a JSON text, so that a word split over them can be put together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace writ::scan {

/// JSON in a string is taken apart so often.
inline constexpr int json_nesting_max = 3;

struct JsonString {
  std::string text;  // its escapes undone
  bool is_key = false;
};

/// In their order; those of a string that holds JSON itself stand in its place, to json_nesting_max. Takes what is no
/// JSON, too, in whole or in part: what stands between quotation marks is a string. Nothing for a text without brackets.
/// Linear; no recursion beyond json_nesting_max.
[[nodiscard]] std::vector<JsonString> json_strings(std::string_view text);

}  // namespace writ::scan
