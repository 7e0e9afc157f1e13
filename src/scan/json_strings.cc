#include "scan/json_strings.h"

#include <algorithm>

#include "scan/text_form.h"

namespace writ::scan {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view number_begins = "-0123456789", number_goes_on = "0123456789.eE+-";

bool holds_strings(std::string_view text) {
  // Each looks for one byte, at the speed of memory.
  return text.contains('"') && (text.contains('{') || text.contains('['));
}

bool is_json(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[') && text.contains('"');
}

// Where the string that begins at `at`, behind its quotation mark, ends.
std::size_t end_of(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at, text.size());
}

void collect(std::string_view text, int depth, std::vector<JsonString>& out) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      const auto end = end_of(text, at + 1);
      auto string = unescaped(text.substr(at + 1, end - at - 1));
      at = std::min(end + 1, text.size());
      const auto next = text.find_first_not_of(blanks, at);
      const bool is_key = next != std::string_view::npos && text[next] == ':';
      if (!is_key && depth < json_nesting_max && is_json(string)) collect(string, depth + 1, out);
      else out.push_back({std::move(string), is_key});
    } else if (number_begins.contains(text[at])) {
      const auto end = std::min(text.find_first_not_of(number_goes_on, at), text.size());
      out.push_back({std::string(text.substr(at, end - at)), false});
      at = end;
    } else {
      ++at;
    }
  }
}

}  // namespace

std::vector<JsonString> json_strings(std::string_view text) {
  std::vector<JsonString> out;
  if (holds_strings(text)) collect(text, 1, out);
  return out;
}

}  // namespace writ::scan
