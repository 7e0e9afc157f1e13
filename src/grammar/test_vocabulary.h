// A small vocabulary for tests: every byte, some longer tokens, and one that ends an answer.
#pragma once

#include <gtest/gtest.h>

#include "grammar/grammar.h"

namespace writ::grammar {

inline constexpr std::int32_t test_end = 256;

inline std::vector<std::string> test_tokens() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  tokens.emplace_back("");
  for (const auto* longer : {"\":", "{\"", "\",\"", "},{", "tr", "ue", "12", "the", "\"}", "null"})
    tokens.emplace_back(longer);
  return tokens;
}

inline const Vocabulary& test_vocabulary() {
  static const auto vocabulary = Vocabulary::create(test_tokens(), test_end).value();
  return vocabulary;
}

/// Whether the matcher takes the text byte by byte and may end there.
inline bool takes(const Grammar& grammar, std::string_view text) {
  auto matcher = grammar.begin().value();
  for (const char byte : text) {
    const auto token = static_cast<std::int32_t>(static_cast<unsigned char>(byte));
    const auto allowed = matcher.allows(token);
    EXPECT_TRUE(allowed) << allowed.error().message;
    if (!allowed || !*allowed) return false;
    const auto words = matcher.mask();
    EXPECT_TRUE(words);
    if (!words) return false;
    EXPECT_TRUE(((*words)[static_cast<std::size_t>(token) / 32] >> (token % 32)) & 1U) << "the mask says otherwise";
    EXPECT_TRUE(matcher.accept(token));
  }
  return matcher.may_end().value();
}

inline Result<Grammar> grammar_of(std::string_view schema) {
  auto enforced = enforced_schema(parse_json(schema).value(), "/schema");
  if (!enforced) return fail(enforced.error());
  return Grammar::compile(test_vocabulary(), Source::json(std::move(*enforced)));
}

/// "pointer message" of the first problem, "" when there is none.
inline std::string refusal(std::string_view schema) {
  const auto grammar = grammar_of(schema);
  if (grammar) return {};
  EXPECT_EQ(grammar.error().kind, ErrorKind::invalid) << grammar.error().message;
  if (grammar.error().problems.empty()) return "no problem";
  return grammar.error().problems[0].pointer + " " + grammar.error().problems[0].message;
}

}  // namespace writ::grammar
