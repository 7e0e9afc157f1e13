// Chooses the next token of one sequence: penalties, top-k, top-p, min-p, temperature, and the grammar.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <llama.h>

#include "core/result.h"
#include "grammar/grammar.h"
#include "llama/engine.h"
#include "llama/model.h"

namespace writ::llama {

class Sampler {
 public:
  /// matcher: the answer's place in its grammar; none with a grammar of llama.cpp. Errors: invalid (bad_grammar).
  [[nodiscard]] static Result<Sampler> create(const Model& model, const Sampling& sampling, const Grammar& grammar,
                                              std::optional<grammar::Matcher> matcher = {});

  /// The next token for these logits, which the grammar (if any) allows; end-of-text tokens are not taken into its state.
  /// Errors: internal, when the grammar allows no token at all; invalid (grammar_too_complex).
  [[nodiscard]] Result<Token> next(std::span<const float> logits);

 private:
  struct Free {
    void operator()(llama_sampler* sampler) const;
  };
  using Handle = std::unique_ptr<llama_sampler, Free>;

  Sampler(const llama_vocab* vocab, const Sampling& sampling, Handle chain, Handle grammar,
          std::optional<grammar::Matcher> matcher);
  [[nodiscard]] Result<bool> allowed(Token token);
  [[nodiscard]] Result<Token> choose_with_grammar(std::span<const float> logits);
  [[nodiscard]] Status keep_allowed(std::span<const float> logits);
  [[nodiscard]] Token choose();

  const llama_vocab* vocab_;
  std::size_t enough_;  // candidates that decide the choice; 0: all
  Handle chain_;
  Handle grammar_;  // of llama.cpp
  std::optional<grammar::Matcher> matcher_;
  std::vector<llama_token_data> candidates_;
  std::vector<Token> ends_;  // with a matcher: the tokens that end an answer
};

}  // namespace writ::llama
