// What the grammars take, over the tokens of a real model.
#include <gtest/gtest.h>

#include "llama/chat_request.h"
#include "llama/grammar.h"
#include "llama/test_model.h"

namespace writ::llama {
namespace {

/// Whether the grammar takes the whole text, token by token, and may end there.
bool takes(const grammar::Source& source, std::string_view text) {
  const auto compiled = grammar::Grammar::compile(**test_model().vocabulary(), source);
  EXPECT_TRUE(compiled) << compiled.error().problems.at(0).message;
  auto matcher = compiled->begin().value();
  for (const auto token : test_model().tokenize(text, SpecialTokens::plain).value()) {
    if (!matcher.allows(token).value()) return false;
    EXPECT_TRUE((matcher.mask().value()[static_cast<std::size_t>(token) / 32] >> (token % 32)) & 1U);
    EXPECT_TRUE(matcher.accept(token));
  }
  return matcher.may_end().value();
}

TEST(GrammarOfTokens, takes_what_the_model_spells_in_its_own_tokens) {
  auto request = chat_request("hi", R"([{"type":"function","function":{"name":"find","parameters":
      {"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}}}])");
  const auto source = **tagged_grammar(*checked_request(request));
  EXPECT_TRUE(takes(source, "Hello < there <<tool <tool_cal> é\n"));
  EXPECT_TRUE(takes(source, R"(I look. <tool_call>{"name":"find","arguments":{"q":"a <b> \"c\" é 😀"}}</tool_call>)"));
  EXPECT_FALSE(takes(source, R"(<tool_call>{"name":"find","arguments":{"q":3}}</tool_call>)"));
}

TEST(GrammarOfTokens, control_tokens_are_never_allowed) {
  const auto source = json_grammar(*parse_json(R"({"type":"string"})")).value();
  const auto compiled = grammar::Grammar::compile(**test_model().vocabulary(), source).value();
  auto matcher = compiled.begin().value();
  ASSERT_TRUE(matcher.accept(test_model().tokenize("\"", SpecialTokens::plain).value().at(0)));
  for (const auto token : test_model().tokenize("<|im_end|><|im_start|>", SpecialTokens::parsed).value())
    EXPECT_FALSE(matcher.allows(token).value());
}

}  // namespace
}  // namespace writ::llama
