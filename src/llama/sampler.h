// Chooses the next token of one sequence: penalties, top-k, top-p, min-p, temperature, and the grammar.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <llama.h>

#include "core/result.h"
#include "llama/engine.h"
#include "llama/model.h"

namespace writ::llama {

class Sampler {
 public:
  /// Errors: invalid (bad_grammar).
  [[nodiscard]] static Result<Sampler> create(const Model& model, const Sampling& sampling, const Grammar& grammar);

  /// The next token for these logits, which the grammar (if any) allows; end-of-text tokens are not taken into its state.
  /// Errors: internal, when the grammar allows no token at all.
  [[nodiscard]] Result<Token> next(std::span<const float> logits);

 private:
  struct Free {
    void operator()(llama_sampler* sampler) const;
  };
  using Handle = std::unique_ptr<llama_sampler, Free>;

  Sampler(const llama_vocab* vocab, const Sampling& sampling, Handle chain, Handle grammar);
  [[nodiscard]] bool grammar_allows(Token token);
  [[nodiscard]] Result<Token> choose_with_grammar(std::span<const float> logits);
  [[nodiscard]] Token choose();

  const llama_vocab* vocab_;
  std::size_t enough_;  // candidates that decide the choice; 0: all
  Handle chain_;
  Handle grammar_;
  std::vector<llama_token_data> candidates_;
};

}  // namespace writ::llama
