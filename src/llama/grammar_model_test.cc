// What the grammars take, decided by llama.cpp's own grammar engine over a real vocabulary.
#include <cmath>
#include <string_view>

#include <gtest/gtest.h>
#include <llama.h>

#include "llama/chat_request.h"
#include "llama/grammar.h"
#include "llama/model_impl.h"
#include "llama/test_model.h"

namespace writ::llama {
namespace {

class GrammarEngine : public ::testing::Test {
 protected:
  static const llama_model& vocabulary() {
    static const std::unique_ptr<llama_model, FreeModel> model = [] {
      auto params = llama_model_default_params();
      params.vocab_only = true;
      (void)test_model();
      return std::unique_ptr<llama_model, FreeModel>(
          llama_model_load_from_file(test_model_files().gguf.c_str(), params));
    }();
    return *model;
  }

  /// Whether the grammar takes the whole text and may end there.
  static bool takes(const std::string& gbnf, std::string_view text) {
    const auto* vocab = llama_model_get_vocab(&vocabulary());
    auto* sampler = llama_sampler_init_grammar(vocab, gbnf.c_str(), "root");
    EXPECT_NE(sampler, nullptr) << gbnf;
    const auto allowed = [&](llama_token token) {
      llama_token_data candidate{token, 1.0F, 0.0F};
      llama_token_data_array array{&candidate, 1, -1, false};
      llama_sampler_apply(sampler, &array);
      return !std::isinf(candidate.logit);
    };
    bool good = true;
    const auto tokens = test_model().tokenize(text, SpecialTokens::plain);
    for (const auto token : *tokens) {
      good = good && allowed(token);
      if (good) llama_sampler_accept(sampler, token);
    }
    good = good && allowed(llama_vocab_eos(vocab));
    llama_sampler_free(sampler);
    return good;
  }

  static std::string grammar_for(ToolChoice choice, ParallelCalls parallel = ParallelCalls::allowed) {
    auto request = chat_request("hi", R"([{"type":"function","function":{"name":"find","parameters":
      {"type":"object","properties":{"q":{"type":"string"},"n":{"type":"integer"}},"required":["q"]}}},
      {"type":"function","function":{"name":"list"}}])");
    request.tool_choice = choice;
    request.tool_name = "list";
    request.parallel = parallel;
    return *tagged_grammar(*checked_request(request));
  }
};

constexpr std::string_view find_call =
    R"(<tool_call>{"name":"find","arguments":{"q":"a <b> \"c\" é","n":3}}</tool_call>)";
constexpr std::string_view list_call = R"(<tool_call>{"name":"list","arguments":{}}</tool_call>)";

std::string joined(auto... parts) { return (std::string(parts) + ...); }

TEST_F(GrammarEngine, automatic_choice_takes_text_calls_and_text_before_calls) {
  const auto grammar = grammar_for(ToolChoice::automatic);
  EXPECT_TRUE(takes(grammar, "Hello < there <<tool <tool_cal> é\n"));
  EXPECT_TRUE(takes(grammar, find_call));
  EXPECT_TRUE(takes(grammar, joined("I look it up. <", find_call, list_call)));
  EXPECT_TRUE(takes(grammar, ""));
}

TEST_F(GrammarEngine, calls_must_be_compact_known_and_complete) {
  const auto grammar = grammar_for(ToolChoice::automatic);
  EXPECT_FALSE(takes(grammar, "<tool_call>"));
  EXPECT_FALSE(takes(grammar, R"(<tool_call>{"name":"rm","arguments":{}}</tool_call>)"));
  EXPECT_FALSE(takes(grammar, R"(<tool_call>{"name":"find","arguments":{}}</tool_call>)"));  // q is required
  EXPECT_FALSE(takes(grammar, R"(<tool_call>{"name":"find","arguments":{"q": "a"}}</tool_call>)"));  // white space
  EXPECT_FALSE(takes(grammar, R"(<tool_call>{"name":"find","arguments":{"q":"a"}})"));  // no end
  EXPECT_FALSE(takes(grammar, joined(list_call, "and text")));
}

TEST_F(GrammarEngine, required_choice_takes_calls_only) {
  const auto grammar = grammar_for(ToolChoice::required);
  EXPECT_TRUE(takes(grammar, joined(list_call, find_call)));
  EXPECT_FALSE(takes(grammar, "text"));
  EXPECT_FALSE(takes(grammar, ""));
  EXPECT_FALSE(takes(grammar_for(ToolChoice::required, ParallelCalls::refused), joined(list_call, find_call)));
}

TEST_F(GrammarEngine, a_named_tool_is_the_only_one_taken) {
  EXPECT_TRUE(takes(grammar_for(ToolChoice::named), list_call));
  EXPECT_FALSE(takes(grammar_for(ToolChoice::named), find_call));
}

TEST_F(GrammarEngine, choice_none_takes_text_only) {
  EXPECT_TRUE(takes(grammar_for(ToolChoice::none), "text <tool"));
  EXPECT_FALSE(takes(grammar_for(ToolChoice::none), list_call));
}

TEST_F(GrammarEngine, json_of_a_schema_is_taken_compact) {
  const auto grammar =
      *json_grammar(*parse_json(R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"}}},
    "required":["a"],"additionalProperties":false})"));
  EXPECT_TRUE(takes(grammar, R"({"a":[1,-2]})"));
  EXPECT_FALSE(takes(grammar, R"({"a": [1]})"));
  EXPECT_FALSE(takes(grammar, R"({"a":["x"]})"));
}

}  // namespace
}  // namespace writ::llama
