#include "tools/arithmetic.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace writ::tools {
namespace {

// Recursive descent:
//   sum     = product (("+" | "-") product)*
//   product = unary (("*" | "/" | "x" | "of" | "×" | "÷") unary)*
//   unary   = "-" unary | power
//   power   = postfix ("^" unary)?
//   postfix = primary "%"*
//   primary = number | "(" sum ")" | name "(" sum ")"
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<double> parse() {
    WRIT_TRY(const double value, sum());
    skip_space();
    if (at_ != text_.size()) return problem("expected an operator");
    return value;
  }

 private:
  [[nodiscard]] std::unexpected<Error> problem(std::string_view what) const {
    return fail(invalid("bad_expression", fmt::format("{} at character {} of '{}'", what, at_ + 1, text_)));
  }
  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    const bool word = std::isalpha(static_cast<unsigned char>(token.back())) != 0;
    const auto after = at_ + token.size();
    if (word && after < text_.size() && std::isalpha(static_cast<unsigned char>(text_[after])) != 0) return false;
    at_ = after;
    return true;
  }
  bool take_any(std::initializer_list<std::string_view> tokens) {
    return std::ranges::any_of(tokens, [&](auto token) { return take(token); });
  }

  Result<double> sum() {
    WRIT_TRY(double left, product());
    for (;;) {
      if (take_any({"+", "plus"})) {
        WRIT_TRY(const double right, product());
        left += right;
      } else if (take_any({"-", "−", "minus"})) {
        WRIT_TRY(const double right, product());
        left -= right;
      } else {
        return left;
      }
    }
  }
  Result<double> product() {
    WRIT_TRY(double left, unary());
    for (;;) {
      if (take_any({"*", "x", "×", "of", "times"})) {
        WRIT_TRY(const double right, unary());
        left *= right;
      } else if (take_any({"/", "÷", "divided by"})) {
        WRIT_TRY(const double right, unary());
        if (right == 0) return fail(invalid("division_by_zero", "division by zero"));
        left /= right;
      } else {
        return left;
      }
    }
  }
  Result<double> unary() {
    if (take_any({"-", "−"})) {
      WRIT_TRY(const double value, unary());
      return -value;
    }
    WRIT_TRY(const double base, postfix());
    if (!take_any({"^", "**"})) return base;
    WRIT_TRY(const double exponent, unary());
    return std::pow(base, exponent);
  }
  Result<double> postfix() {
    WRIT_TRY(double value, primary());
    while (take_any({"%", "percent"})) value /= 100;
    return value;
  }
  Result<double> primary() {
    if (take("(")) return rest_of_parenthesis();
    constexpr std::array<std::pair<std::string_view, double (*)(double)>, 3> functions{
        {{"sqrt", [](double v) { return std::sqrt(v); }},
         {"abs", [](double v) { return std::abs(v); }},
         {"round", [](double v) { return std::round(v); }}}};
    for (const auto& [name, function] : functions) {
      if (!take(name)) continue;
      if (!take("(")) return problem("expected (");
      WRIT_TRY(const double value, rest_of_parenthesis());
      return function(value);
    }
    return number();
  }
  Result<double> rest_of_parenthesis() {
    WRIT_TRY(const double value, sum());
    if (!take(")")) return problem("expected )");
    return value;
  }
  Result<double> number() {
    skip_space();
    (void)take("$");
    std::string digits;
    auto end = at_;
    for (; end < text_.size(); ++end) {
      const char c = text_[end];
      const bool grouping = c == ',' && end > at_ && is_group(end + 1);
      if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') digits += c;
      else if (!grouping) break;
    }
    double value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc() || stop != digits.data() + digits.size())
      return problem("expected a number");
    at_ = end;
    return value;
  }
  // Three digits and then none: "1,250".
  [[nodiscard]] bool is_group(std::size_t from) const {
    const auto digit = [&](std::size_t i) {
      return i < text_.size() && std::isdigit(static_cast<unsigned char>(text_[i])) != 0;
    };
    return digit(from) && digit(from + 1) && digit(from + 2) && !digit(from + 3);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::string> evaluate_expression(std::string_view expression) {
  if (expression.size() > expression_max)
    return fail(invalid("bad_expression", fmt::format("longer than {} characters", expression_max)));
  WRIT_TRY(double value, Parser(expression).parse());
  if (!std::isfinite(value)) return fail(invalid("not_a_number", "the result is not a finite number"));
  if (value == 0) value = 0;  // no "-0"
  if (std::abs(value) < 1e15 && value == std::trunc(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.15g}", value);
}

}  // namespace writ::tools
