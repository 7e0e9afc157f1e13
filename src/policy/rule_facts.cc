#include "policy/rule_facts.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace writ::policy {
namespace {

/// A token of Cedar as far as this needs to know: a string, a word, or one other character.
struct Token {
  enum class Kind { string, word, sign } kind = Kind::sign;
  std::string_view text;  // of a string: between its quotes
  std::size_t line = 1;
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  std::optional<Token> next() {
    skip_space();
    if (at_ >= text_.size()) return std::nullopt;
    const auto from = at_, line = line_;
    if (text_[at_] == '"') {
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
        if (text_[at_] == '\\') ++at_;
      const auto to = std::min(at_++, text_.size());
      return Token{Token::Kind::string, text_.substr(from + 1, to - from - 1), line};
    }
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (at_ > from) return Token{Token::Kind::word, text_.substr(from, at_ - from), line};
    return Token{Token::Kind::sign, text_.substr(at_++, 1), line};
  }

 private:
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_.substr(at_).starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
        if (at_ < text_.size()) ++line_;
      } else if (std::isspace(static_cast<unsigned char>(text_[at_])) == 0) {
        return;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
};

bool is(const std::optional<Token>& token, std::string_view text) {
  return token && token->kind != Token::Kind::string && token->text == text;
}

}  // namespace

std::vector<FactRead> facts_read(std::string_view policies) {
  std::vector<FactRead> out;
  Tokens tokens(policies);
  for (auto token = tokens.next(); token; token = tokens.next()) {
    if (!is(token, "facts")) continue;
    if (token = tokens.next(); !is(token, ".")) continue;
    token = tokens.next();
    if (!is(token, "contains") && !is(token, "containsAny") && !is(token, "containsAll")) continue;
    if (token = tokens.next(); !is(token, "(")) continue;
    for (token = tokens.next(); token && !is(token, ")"); token = tokens.next())
      if (token->kind == Token::Kind::string) out.push_back({std::string(token->text), token->line});
  }
  return out;
}

}  // namespace writ::policy
