#include "grammar/pattern.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "grammar/limits.h"

namespace writ::grammar {
namespace {

struct Refused {
  std::string message;
};

[[noreturn]] void refuse(std::string message) { throw Refused{std::move(message)}; }

constexpr char32_t last_character = 0x10FFFF;
// ECMA-262's WhiteSpace and LineTerminator, its digits and word characters, and all but line terminators.
constexpr std::string_view space =
    R"(\x{9}-\x{D}\x{20}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF})";
constexpr std::string_view digit = "0-9";
constexpr std::string_view word = "0-9A-Za-z_";
constexpr std::string_view dot = R"([^\x{A}\x{D}\x{2028}\x{2029}])";
constexpr std::string_view anything = "(?s:.*)";

/// What a part of the pattern has become, and how large it is with its repetitions written out.
struct Part {
  std::string text;
  std::uint64_t size = 0;
};

std::string character(char32_t c) { return fmt::format("\\x{{{:X}}}", static_cast<std::uint32_t>(c)); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : rest_(pattern) {}

  std::string read() {
    auto part = alternatives(0);
    if (!rest_.empty()) refuse("has a ) without its (");
    return "^(?:" + part.text + ")$";
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  /// Anchors mean something at the ends of the whole pattern's alternatives only.
  Part alternatives(std::uint64_t depth) {
    if (depth > limit::pattern_depth.most)
      refuse(fmt::format("has groups nested deeper than {}", limit::pattern_depth.most));
    Part all;
    for (bool first = true; first || take("|"); first = false) {
      auto one = alternative(depth);
      all.text += first ? "" : "|";
      all.text += one.text;
      all.size += one.size;
    }
    return all;
  }

  Part alternative(std::uint64_t depth) {
    Part all;
    const bool top = depth == 0;
    const bool begins = take("^");
    if (begins && !top) refuse("has an anchor inside a group, which cannot be enforced");
    bool ends = false;
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      if (take("$")) {
        if (!top || !(rest_.empty() || rest_[0] == '|')) refuse("has an anchor inside, which cannot be enforced");
        ends = true;
        break;
      }
      auto part = quantified(depth);
      all.text += part.text;
      all.size += part.size;
      if (all.size > limit::pattern_size.most)
        refuse(fmt::format("repeats to more than {} characters", limit::pattern_size.most));
    }
    if (top) all.text = std::string(begins ? "" : anything) + all.text + std::string(ends ? "" : anything);
    return all;
  }

  Part quantified(std::uint64_t depth) {
    auto part = atom(depth);
    std::optional<std::pair<std::uint64_t, std::optional<std::uint64_t>>> times;
    if (take("*")) times = {0, std::nullopt};
    else if (take("+")) times = {1, std::nullopt};
    else if (take("?")) times = {0, 1};
    else times = braces();
    if (!times) return part;
    (void)take("?");  // lazy or greedy: the same texts match
    if (!rest_.empty() && (rest_[0] == '*' || rest_[0] == '+' || rest_[0] == '?')) refuse("repeats a repetition");
    const auto [least, most] = *times;
    if (most && *most < least) refuse("has a repetition {n,m} with m below n");
    part.size *= std::max<std::uint64_t>(most.value_or(least + 1), 1);
    if (part.size > limit::pattern_size.most)
      refuse(fmt::format("repeats to more than {} characters", limit::pattern_size.most));
    part.text += most ? fmt::format("{{{},{}}}", least, *most) : fmt::format("{{{},}}", least);
    return part;
  }

  /// {n}, {n,} or {n,m}; anything else that begins with { is a character, as in browsers.
  std::optional<std::pair<std::uint64_t, std::optional<std::uint64_t>>> braces() {
    const auto before = rest_;
    if (!take("{")) return std::nullopt;
    const auto least = count();
    std::optional<std::uint64_t> most = least;
    if (least && take(",")) most = count();
    if (least && take("}")) return std::pair(*least, most);
    rest_ = before;
    return std::nullopt;
  }

  std::optional<std::uint64_t> count() {
    std::optional<std::uint64_t> value;
    while (!rest_.empty() && is_digit(rest_[0])) {
      value = value.value_or(0) * 10 + static_cast<std::uint64_t>(rest_[0] - '0');
      if (*value > limit::pattern_size.most)
        refuse(fmt::format("repeats to more than {} characters", limit::pattern_size.most));
      rest_.remove_prefix(1);
    }
    return value;
  }

  Part atom(std::uint64_t depth) {
    if (take(".")) return {std::string(dot), 1};
    if (take("(")) return group(depth);
    if (take("[")) return {character_class(), 1};
    if (take("\\")) return {escape(), 1};
    if (rest_[0] == '^') refuse("has an anchor inside, which cannot be enforced");
    if (rest_[0] == '*' || rest_[0] == '+' || rest_[0] == '?') refuse("has a quantifier with nothing to repeat");
    if (rest_[0] == '{') {
      if (braces()) refuse("has a quantifier with nothing to repeat");
    }
    return {character(next()), 1};
  }

  Part group(std::uint64_t depth) {
    if (take("?=") || take("?!") || take("?<=") || take("?<!"))
      refuse("has a look-around assertion, which cannot be enforced");
    if (take("?<")) {
      const auto end = rest_.find('>');
      if (end == std::string_view::npos || end == 0) refuse("has a group with a broken name");
      rest_.remove_prefix(end + 1);
    } else if (take("?") && !take(":")) {
      refuse("has a group modifier, which cannot be enforced");
    }
    auto inner = alternatives(depth + 1);
    if (!take(")")) refuse("has a ( without its )");
    inner.text = "(?:" + inner.text + ")";
    return inner;
  }

  /// After a backslash outside a class.
  std::string escape() {
    if (rest_.empty()) refuse("ends with a backslash");
    if (take("b") || take("B")) refuse("has a word boundary, which cannot be enforced");
    if (rest_[0] == 'k' || (rest_[0] >= '1' && rest_[0] <= '9'))
      refuse("has a back reference, which cannot be enforced");
    if (const auto set = set_escape()) return "[" + *set + "]";
    return character(escaped_character());
  }

  /// \d \D \s \S \w \W \p{…} \P{…}, as they stand inside brackets.
  std::optional<std::string> set_escape() {
    const auto either = [&](char lower, char upper, std::string_view set) -> std::optional<std::string> {
      if (take(std::string_view(&lower, 1))) return std::string(set);
      if (take(std::string_view(&upper, 1))) return "[^" + std::string(set) + "]";
      return std::nullopt;
    };
    if (auto set = either('d', 'D', digit)) return set;
    if (auto set = either('s', 'S', space)) return set;
    if (auto set = either('w', 'W', word)) return set;
    const bool negated = rest_.starts_with("P{");
    if (!negated && !rest_.starts_with("p{")) return std::nullopt;
    const auto end = rest_.find('}');
    const auto name = end == std::string_view::npos ? std::string_view{} : rest_.substr(2, end - 2);
    if (name.empty() || name.size() > 64 ||
        !std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '='; }))
      refuse("has a broken \\p{…}");
    rest_.remove_prefix(end + 1);
    return fmt::format("\\{}{{{}}}", negated ? 'P' : 'p', name);
  }

  char32_t escaped_character() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case 't': return '\t';
      case 'n': return '\n';
      case 'v': return '\v';
      case 'f': return '\f';
      case 'r': return '\r';
      case '0':
        if (!rest_.empty() && is_digit(rest_[0])) refuse("has an octal escape");
        return 0;
      case 'c':
        if (rest_.empty() || !is_letter(rest_[0])) refuse("has a broken \\c");
        return next() % 32;
      case 'x': return hexadecimal(2);
      case 'u': return unicode();
      default: break;
    }
    if (is_letter(c) || is_digit(c)) refuse(fmt::format("has an unknown escape \\{}", c));
    if (static_cast<unsigned char>(c) >= 0x80) refuse("has a backslash before a character that needs none");
    return static_cast<char32_t>(c);
  }

  char32_t unicode() {
    if (take("{")) {
      const auto end = rest_.find('}');
      if (end == std::string_view::npos || end == 0 || end > 6) refuse("has a broken \\u{…}");
      const auto value = hexadecimal(end);
      rest_.remove_prefix(1);
      if (value > last_character || is_surrogate(value)) refuse("has a \\u{…} that is no character");
      return value;
    }
    const auto high = hexadecimal(4);
    if (!is_surrogate(high)) return high;
    if (high >= 0xDC00 || !take("\\u")) refuse("has half of a surrogate pair");
    const auto low = hexadecimal(4);
    if (low < 0xDC00 || low > 0xDFFF) refuse("has half of a surrogate pair");
    return 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
  }

  static bool is_surrogate(char32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

  char32_t hexadecimal(std::size_t digits) {
    char32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_.empty() || !std::isxdigit(static_cast<unsigned char>(rest_[0]))) refuse("has a broken escape");
      const char c = rest_[0];
      value = value * 16 + static_cast<char32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
      rest_.remove_prefix(1);
    }
    return value;
  }

  /// After the opening bracket.
  std::string character_class() {
    std::string out = take("^") ? "[^" : "[";
    if (take("]")) {
      if (out == "[") refuse("has an empty class, which matches nothing");
      return "(?s:.)";
    }
    while (!take("]")) {
      const auto first = class_item();
      const auto before = rest_;
      if (take("-") && !rest_.empty() && rest_[0] != ']') {
        const auto last = class_item();
        if (!first.single || !last.single || *last.single < *first.single) refuse("has a broken range in a class");
        out += first.text + "-" + last.text;
      } else {
        rest_ = before;
        out += first.text;
      }
    }
    return out + "]";
  }

  struct Item {
    std::string text;
    std::optional<char32_t> single;
  };
  Item class_item() {
    if (rest_.empty()) refuse("has a [ without its ]");
    if (!take("\\")) {
      const auto c = next();
      return {character(c), c};
    }
    if (rest_.empty()) refuse("ends with a backslash");
    if (auto set = set_escape()) return {std::move(*set), std::nullopt};
    if (take("b")) return {character('\b'), U'\b'};
    const auto c = escaped_character();
    return {character(c), c};
  }

  /// The next character of UTF-8 that the JSON parser has checked.
  char32_t next() {
    const auto lead = static_cast<unsigned char>(rest_[0]);
    const std::size_t size = lead < 0x80 ? 1U : lead < 0xE0 ? 2U : lead < 0xF0 ? 3U : 4U;
    if (size > rest_.size()) refuse("is not UTF-8");
    char32_t value = size == 1 ? lead : lead & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) value = (value << 6U) | (static_cast<unsigned char>(rest_[i]) & 0x3FU);
    rest_.remove_prefix(size);
    return value;
  }

  std::string_view rest_;
};

struct Format {
  std::string_view name;
  std::string_view pattern;
};

#define WRIT_DATE \
  R"((?:[1-9]\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|(?:[1-9]\d(?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)-02-29))"
#define WRIT_TIME R"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))"
#define WRIT_CLOCK R"((?:\d{1,9}H(?:\d{1,9}M(?:\d{1,9}S)?)?|\d{1,9}M(?:\d{1,9}S)?|\d{1,9}S))"
#define WRIT_HOST R"([A-Za-z0-9]{1,20}(?:-[A-Za-z0-9]{1,20})?(?:\.[A-Za-z0-9]{1,20}(?:-[A-Za-z0-9]{1,20})?){0,4})"
#define WRIT_BYTE R"((?:25[0-5]|2[0-4]\d|1\d\d|[1-9]\d|\d))"
#define WRIT_SEGMENT R"((?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}))"
#define WRIT_GROUP "[0-9A-Fa-f]{1,4}"

constexpr std::array formats{
    Format{"date", "^" WRIT_DATE "$"},
    Format{"time", "^" WRIT_TIME "$"},
    Format{"date-time", "^" WRIT_DATE "T" WRIT_TIME "$"},
    Format{"duration", R"(^P(?:(?:\d{1,9}Y(?:\d{1,9}M(?:\d{1,9}D)?)?|\d{1,9}M(?:\d{1,9}D)?|\d{1,9}D)(?:T)" WRIT_CLOCK
                       R"()?|T)" WRIT_CLOCK R"(|\d{1,9}W)$)"},
    Format{"email", R"(^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,32}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,30})?@)" WRIT_HOST
                    R"(\.[A-Za-z]{2,24}$)"},
    Format{"hostname", "^" WRIT_HOST "$"},
    Format{"ipv4", "^" WRIT_BYTE R"((?:\.)" WRIT_BYTE "){3}$"},
    Format{"ipv6", "^(?:(?:" WRIT_GROUP ":){7}" WRIT_GROUP "|(?:" WRIT_GROUP ":){1,3}(?::" WRIT_GROUP
                   "){1,4}|::(?:" WRIT_GROUP "(?::" WRIT_GROUP "){0,5})?|(?:" WRIT_GROUP ":){1,6}:)$"},
    Format{"uuid", "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"},
    Format{"uri",
           R"(^[A-Za-z][A-Za-z0-9+.-]{0,20}:(?://)" WRIT_HOST R"((?::\d{1,4})?(?:/)" WRIT_SEGMENT R"(*)*|)" WRIT_SEGMENT
           R"(+(?:/)" WRIT_SEGMENT R"(*)*)(?:\?(?:)" WRIT_SEGMENT R"(|[/?])*)?(?:#(?:)" WRIT_SEGMENT R"(|[/?])*)?$)"},
    Format{"json-pointer", "^(?:/(?:[^~/]|~[01])*)*$"}};

}  // namespace

Result<std::string> enforced_pattern(std::string_view pattern) {
  const auto bad = [](std::string message) { return fail(invalid("bad_pattern", std::move(message))); };
  if (pattern.size() > limit::pattern_bytes.most)
    return bad(fmt::format("has {} bytes; at most {}", pattern.size(), limit::pattern_bytes.most));
  try {
    return PatternReader(pattern).read();
  } catch (const Refused& refused) { return bad(refused.message); }
}

std::string_view pattern_of_format(std::string_view format) {
  const auto row = std::ranges::find(formats, format, &Format::name);
  return row == formats.end() ? std::string_view{} : row->pattern;
}

}  // namespace writ::grammar
