#include "scan/content_scan.h"

#include <algorithm>
#include <vector>

#include "scan/json_strings.h"
#include "scan/text_form.h"

namespace writ::scan {
namespace {

constexpr std::size_t bytes_per_character = 8;  // `\u0073` and two that do not show, or a letter with two of them
constexpr std::size_t joined_spare = 64;

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Parts put together.
struct Joined {
  std::string text;
  std::vector<std::size_t> borders;  // where a part begins, from the second on
  std::size_t between = 0;           // bytes before each border that stand between the parts
};

class ContentScan {
 public:
  ContentScan(const Scanner& scanner, std::set<std::string>& found) : scanner_(scanner), found_(found) {}

  Status as_it_stands(std::string_view text) { return take_all(text); }

  /// Of a text that is UTF-8, as has been seen.
  Status forms(std::string_view text) {
    for (const auto& form : forms_of(text, TextEnd::whole, Places::unwanted)) WRIT_CHECK(take_all(form.text));
    return {};
  }

  Status over_borders(const std::vector<std::string_view>& parts) {
    for (const std::string_view between : {"", " "}) {
      const auto joined = joined_of(parts, between);
      if (joined.borders.empty()) return {};  // one part
      WRIT_CHECK(take_crossing(joined, nullptr));
      for (const auto& form : forms_of(joined.text, TextEnd::whole, Places::wanted))
        WRIT_CHECK(take_crossing(joined, &form));
    }
    return {};
  }

  Status strings_of(std::string_view text) {
    const auto strings = json_strings(text);
    if (strings.size() < 2) return {};
    std::vector<std::string_view> all, keys, values;
    for (const auto& string : strings) {
      all.push_back(string.text);
      (string.is_key ? keys : values).push_back(string.text);
    }
    WRIT_CHECK(over_borders(all));
    if (keys.empty() || values.empty()) return {};
    WRIT_CHECK(over_borders(keys));
    return over_borders(values);
  }

 private:
  Status take_all(std::string_view text) {
    WRIT_TRY(const auto matches, scanner_.scan(text));
    for (const auto& match : matches) found_.insert(match.pattern);
    return {};
  }

  [[nodiscard]] Joined joined_of(const std::vector<std::string_view>& parts, std::string_view between) const {
    const auto reach = joined_bytes(scanner_);
    Joined out;
    out.between = between.size();
    for (const auto whole : parts) {
      const auto part = trimmed(whole);
      if (part.empty()) continue;
      if (!out.text.empty()) {
        out.text += between;
        out.borders.push_back(out.text.size());
      }
      if (part.size() <= 2 * reach) {
        out.text += part;
        continue;
      }
      auto head = reach, tail = part.size() - reach;
      while (head > 0 && continues_character(part[head])) --head;
      while (tail < part.size() && continues_character(part[tail])) ++tail;
      (out.text += part.substr(0, head)) += '\n';
      out.text += part.substr(tail);
    }
    return out;
  }

  Status take_crossing(const Joined& joined, const TextForm* form) {
    WRIT_TRY(const auto matches, scanner_.scan(form == nullptr ? joined.text : form->text));
    for (const auto& match : matches) {
      const auto from = form == nullptr ? match.from : form->from[match.from];
      const auto to = form == nullptr ? match.to : form->to[match.to - 1];
      if (crosses(joined, from, to)) found_.insert(match.pattern);
    }
    return {};
  }

  static bool crosses(const Joined& joined, std::size_t from, std::size_t to) {
    const auto border = std::ranges::upper_bound(joined.borders, from + joined.between);
    if (border == joined.borders.end() || *border >= to) return false;
    if (joined.between > 0) return true;
    const auto is_border = [&](std::size_t at) {
      return at == 0 || at == joined.text.size() || std::ranges::binary_search(joined.borders, at);
    };
    return is_border(from) || is_border(to) || !is_word(joined.text[from - 1]) || !is_word(joined.text[to]);
  }

  const Scanner& scanner_;
  std::set<std::string>& found_;
};

}  // namespace

std::size_t joined_bytes(const Scanner& scanner) {
  return bytes_per_character * scanner.max_match_length() + joined_spare;
}

Result<std::set<std::string>> patterns_in(const Scanner& scanner, const Content& content) {
  std::set<std::string> found;
  if (scanner.max_match_length() == 0) return found;
  ContentScan scan(scanner, found);
  WRIT_CHECK(scan.as_it_stands(content.text));
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (const auto at : content.breaks) {
    if (at < begin || at >= content.text.size() || content.text[at] != '\n')
      return fail(invalid("bad_text", "a break of the content is no line break of it"));
    parts.push_back(content.text.substr(begin, at - begin));
    begin = at + 1;
  }
  parts.push_back(content.text.substr(begin));
  WRIT_CHECK(scan.forms(content.text));
  WRIT_CHECK(scan.over_borders(parts));
  for (const auto part : parts) WRIT_CHECK(scan.strings_of(part));
  return found;
}

}  // namespace writ::scan
