#include "evaluation/compare.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/arithmetic.h"

namespace writ::evaluation {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool same_number(const json::value& a, const json::value& b) {
  if (a.is_double() || b.is_double()) return a.to_number<double>() == b.to_number<double>();
  if (a.is_uint64() && b.is_uint64()) return a.get_uint64() == b.get_uint64();
  // A parsed integer is unsigned only where it does not fit the signed kind.
  return a.is_int64() && b.is_int64() && a.get_int64() == b.get_int64();
}

bool same_value(const json::object& expected, const json::object& got) {
  if (expected.size() != 1 || got.size() != 1) return false;
  const auto a = tools::evaluate_expression(text_at(expected, "expression"));
  const auto b = tools::evaluate_expression(text_at(got, "expression"));
  return a && b && *a == *b;
}

bool is_right(const ExpectedCall& expected, std::string_view name, const json::object& arguments) {
  if (expected.name != name) return false;
  if (same_json(expected.arguments, arguments)) return true;
  if (expected.by_value && same_value(expected.arguments, arguments)) return true;
  return std::ranges::any_of(expected.same, [&](const json::value& same) { return same_json(same, arguments); });
}

/// Which expected call each one of the model stands for: a matching in a bipartite graph, by augmenting paths, since one call
/// may be as good for several.
class Matching {
 public:
  Matching(std::size_t expected, std::vector<std::vector<bool>> fits)
      : fits_(std::move(fits)), taken_by_(expected, none) {}

  bool place(std::size_t got) {
    std::vector<bool> tried(taken_by_.size());
    return place(got, tried);
  }
  [[nodiscard]] std::vector<std::size_t> expected_of() const {
    std::vector<std::size_t> out(fits_.size());
    for (std::size_t i = 0; i < taken_by_.size(); ++i)
      if (taken_by_[i] != none) out[taken_by_[i]] = i;
    return out;
  }

 private:
  static constexpr auto none = static_cast<std::size_t>(-1);
  bool place(std::size_t got, std::vector<bool>& tried) {
    for (std::size_t i = 0; i < taken_by_.size(); ++i) {
      if (!fits_[got][i] || tried[i]) continue;
      tried[i] = true;
      if (taken_by_[i] != none && !place(taken_by_[i], tried)) continue;
      taken_by_[i] = got;
      return true;
    }
    return false;
  }
  std::vector<std::vector<bool>> fits_;
  std::vector<std::size_t> taken_by_;
};

std::string shown(const ModelCall& call) { return fmt::format("{}({})", call.name, call.arguments); }
std::string shown(const ExpectedCall& call) { return fmt::format("{}({})", call.name, to_text(call.arguments)); }

template <class Call>
std::string shown_all(const std::vector<Call>& calls) {
  std::string out;
  for (const auto& call : calls) out += (out.empty() ? "" : ", ") + shown(call);
  return out.empty() ? "no call" : out;
}

/// Without thousands commas, ASCII letters small.
std::string plain(std::string_view text) {
  const auto digits_at = [&](std::size_t at, std::size_t count) {
    return at + count <= text.size() && std::ranges::all_of(text.substr(at, count), is_digit);
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool thousands = c == ',' && i > 0 && is_digit(text[i - 1]) && digits_at(i + 1, 3) &&
                           (i + 4 >= text.size() || !is_digit(text[i + 4]));
    if (!thousands) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool is_number(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  if (whole.empty() || !std::ranges::all_of(whole, is_digit)) return false;
  if (point == std::string_view::npos) return true;
  const auto part = text.substr(point + 1);
  return !part.empty() && std::ranges::all_of(part, is_digit);
}

/// Whether the number at [begin, end) is a part of a longer one with another value.
bool stands_alone(std::string_view text, std::size_t begin, std::size_t end, bool has_point) {
  if (begin > 0 && is_digit(text[begin - 1])) return false;
  if (begin > 1 && text[begin - 1] == '.' && is_digit(text[begin - 2])) return false;
  if (!has_point) {
    if (end == text.size() || text[end] != '.') return end == text.size() || !is_digit(text[end]);
    ++end;  // only zeros may follow the point
  }
  while (end < text.size() && text[end] == '0') ++end;
  return end == text.size() || !is_digit(text[end]);
}

}  // namespace

bool same_json(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return same_number(a, b);
  if (a.kind() != b.kind()) return false;
  if (const auto* list = a.if_array())
    return std::ranges::equal(*list, b.get_array(), [](const auto& x, const auto& y) { return same_json(x, y); });
  if (const auto* object = a.if_object()) {
    const auto& other = b.get_object();
    return object->size() == other.size() && std::ranges::all_of(*object, [&](const auto& member) {
             const auto* value = other.if_contains(member.key());
             return value != nullptr && same_json(member.value(), *value);
           });
  }
  return a == b;
}

std::string shown(const std::vector<ModelCall>& calls) { return shown_all(calls); }

std::expected<std::vector<std::size_t>, std::string> match_calls(const std::vector<ExpectedCall>& expected,
                                                                 const std::vector<ModelCall>& got) {
  const auto wrong = [&] {
    return std::unexpected(fmt::format("expected {}, got {}", shown_all(expected), shown_all(got)));
  };
  if (expected.size() != got.size()) return wrong();
  std::vector<std::vector<bool>> fits;
  for (const auto& call : got) {
    const auto arguments = parse_json(call.arguments);
    if (!arguments || !arguments->is_object())
      return std::unexpected(fmt::format("the arguments of {} are no JSON object", shown(call)));
    auto& row = fits.emplace_back();
    for (const auto& one : expected) row.push_back(is_right(one, call.name, arguments->get_object()));
  }
  Matching matching(expected.size(), std::move(fits));
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!matching.place(i)) return wrong();
  return matching.expected_of();
}

bool holds(std::string_view text, std::string_view wanted) {
  const auto in = plain(text), what = plain(wanted);
  const bool number = is_number(what);
  const bool has_point = what.find('.') != std::string::npos;
  for (auto at = in.find(what); at != std::string::npos; at = in.find(what, at + 1))
    if (!number || stands_alone(in, at, at + what.size(), has_point)) return true;
  return false;
}

std::string fault_of(const ExpectedAnswer& expected, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "the answer is empty";
  const auto in_text = [&](const std::string& wanted) { return holds(text, wanted); };
  for (const auto& wanted : expected.must)
    if (!in_text(wanted)) return fmt::format("the answer lacks \"{}\": {}", wanted, text);
  if (!expected.any.empty() && std::ranges::none_of(expected.any, in_text))
    return fmt::format("the answer has none of \"{}\": {}", fmt::join(expected.any, "\", \""), text);
  for (const auto& unwanted : expected.must_not)
    if (in_text(unwanted)) return fmt::format("the answer has \"{}\": {}", unwanted, text);
  return {};
}

}  // namespace writ::evaluation
