#include "llama/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

#include <llama.h>

#include "llama/model_impl.h"

namespace writ::llama {
namespace {

constexpr std::size_t likely_tokens =
    256;  // a grammar that refuses all of these is rare; testing a whole vocabulary is slow
constexpr std::int32_t penalty_window = 256;  // tokens the penalties look back

llama_sampler* grammar_sampler(const llama_vocab* vocab, const Grammar& grammar) {
  if (!grammar.lazy) return llama_sampler_init_grammar(vocab, grammar.gbnf.c_str(), "root");
  std::vector<const char*> patterns;
  for (const auto& pattern : grammar.trigger_patterns) patterns.push_back(pattern.c_str());
  return llama_sampler_init_grammar_lazy_patterns(vocab, grammar.gbnf.c_str(), "root", patterns.data(), patterns.size(),
                                                  grammar.trigger_tokens.data(), grammar.trigger_tokens.size());
}

llama_sampler* chain_of(const llama_vocab* vocab, const Sampling& sampling) {
  auto params = llama_sampler_chain_default_params();
  params.no_perf = true;
  auto* chain = llama_sampler_chain_init(params);
  if (sampling.frequency_penalty != 0 || sampling.presence_penalty != 0) {
    llama_sampler_chain_add(chain, llama_sampler_init_penalties(llama_vocab_n_tokens(vocab), penalty_window, 1.0F,
                                                                sampling.frequency_penalty, sampling.presence_penalty));
  }
  if (sampling.temperature <= 0) {
    llama_sampler_chain_add(chain, llama_sampler_init_greedy());
    return chain;
  }
  if (sampling.top_k > 0) llama_sampler_chain_add(chain, llama_sampler_init_top_k(sampling.top_k));
  if (sampling.top_p < 1) llama_sampler_chain_add(chain, llama_sampler_init_top_p(sampling.top_p, 1));
  if (sampling.min_p > 0) llama_sampler_chain_add(chain, llama_sampler_init_min_p(sampling.min_p, 1));
  llama_sampler_chain_add(chain, llama_sampler_init_temp(sampling.temperature));
  llama_sampler_chain_add(chain, llama_sampler_init_dist(sampling.seed));
  return chain;
}

/// How many of the likeliest tokens decide the choice, 0 when it may be any.
std::size_t deciding(const Sampling& sampling) {
  if (sampling.frequency_penalty != 0 || sampling.presence_penalty != 0) return 0;  // they reorder
  if (sampling.temperature <= 0) return 1;
  return static_cast<std::size_t>(std::max(sampling.top_k, 0));
}

void fill(std::vector<llama_token_data>& candidates, std::span<const float> logits) {
  candidates.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) candidates[i] = {static_cast<Token>(i), logits[i], 0.0F};
}

bool is_masked(const llama_token_data& candidate) { return std::isinf(candidate.logit) && candidate.logit < 0; }

}  // namespace

void Sampler::Free::operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }

Sampler::Sampler(const llama_vocab* vocab, const Sampling& sampling, Handle chain, Handle grammar,
                 std::optional<grammar::Matcher> matcher)
    : vocab_(vocab),
      enough_(deciding(sampling)),
      chain_(std::move(chain)),
      grammar_(std::move(grammar)),
      matcher_(std::move(matcher)) {
  if (!matcher_) return;
  for (Token token = 0; token < llama_vocab_n_tokens(vocab); ++token)
    if (llama_vocab_is_eog(vocab, token)) ends_.push_back(token);
}

Result<Sampler> Sampler::create(const Model& model, const Sampling& sampling, const Grammar& grammar,
                                std::optional<grammar::Matcher> matcher) {
  const auto* vocab = model.impl_->vocab;
  Handle rules;
  try {
    if (!grammar.gbnf.empty()) {
      rules.reset(grammar_sampler(vocab, grammar));
      if (!rules) return fail(invalid("bad_grammar", "the grammar is not valid GBNF"));
    }
    if (rules && !grammar.prefill.empty()) {
      WRIT_TRY(const auto prefill, model.tokenize(grammar.prefill, SpecialTokens::parsed));
      for (const auto token : prefill) llama_sampler_accept(rules.get(), token);
    }
  } catch (const std::exception& error) {
    return fail(invalid("bad_grammar", std::string("the grammar does not fit the prompt: ") + error.what()));
  }
  return Sampler(vocab, sampling, Handle(chain_of(vocab, sampling)), std::move(rules), std::move(matcher));
}

Token Sampler::choose() {
  llama_token_data_array array{candidates_.data(), candidates_.size(), -1, false};
  llama_sampler_apply(chain_.get(), &array);
  return array.data[array.selected].id;
}

Result<bool> Sampler::allowed(Token token) {
  if (matcher_) return llama_vocab_is_eog(vocab_, token) ? matcher_->may_end() : matcher_->allows(token);
  if (!grammar_) return true;
  llama_token_data candidate{token, 1.0F, 0.0F};
  llama_token_data_array array{&candidate, 1, -1, false};
  llama_sampler_apply(grammar_.get(), &array);
  return !is_masked(candidate);
}

/// The candidates become the tokens that the matcher allows.
Status Sampler::keep_allowed(std::span<const float> logits) {
  WRIT_TRY(const auto mask, matcher_->mask());
  WRIT_TRY(const auto may_end, matcher_->may_end());
  candidates_.clear();
  for (std::size_t word = 0; word < mask.size(); ++word) {
    for (auto bits = mask[word]; bits != 0; bits &= bits - 1) {
      const auto index = word * 32 + static_cast<std::size_t>(std::countr_zero(bits));
      const auto token = static_cast<Token>(index);
      if (index < logits.size() && !llama_vocab_is_eog(vocab_, token))
        candidates_.push_back({token, logits[index], 0.0F});
    }
  }
  if (!may_end) return {};
  for (const auto token : ends_) candidates_.push_back({token, logits[static_cast<std::size_t>(token)], 0.0F});
  return {};
}

Result<Token> Sampler::choose_with_grammar(std::span<const float> logits) {
  if (matcher_) {
    WRIT_CHECK(keep_allowed(logits));
    if (candidates_.empty()) return fail(internal("the grammar allows no token", "llama::Sampler"));
    return choose();
  }
  const auto test = [&] {
    llama_token_data_array array{candidates_.data(), candidates_.size(), -1, false};
    llama_sampler_apply(grammar_.get(), &array);
    std::erase_if(candidates_, is_masked);
  };
  fill(candidates_, logits);
  if (enough_ > 0 && enough_ < likely_tokens && candidates_.size() > likely_tokens) {
    const auto likelier = [](const llama_token_data& a, const llama_token_data& b) { return a.logit > b.logit; };
    std::ranges::nth_element(candidates_, candidates_.begin() + likely_tokens, likelier);
    candidates_.resize(likely_tokens);
    test();
    if (candidates_.size() >= enough_) return choose();
    fill(candidates_, logits);
  }
  test();
  if (candidates_.empty()) return fail(internal("the grammar allows no token", "llama::Sampler"));
  return choose();
}

Result<Token> Sampler::next(std::span<const float> logits) {
  try {
    fill(candidates_, logits);
    auto token = choose();
    WRIT_TRY(const auto may_come, allowed(token));
    if (!may_come) { WRIT_TRY(token, choose_with_grammar(logits)); }
    if (!llama_vocab_is_eog(vocab_, token)) {
      llama_sampler_accept(chain_.get(), token);
      if (grammar_) llama_sampler_accept(grammar_.get(), token);
      if (matcher_) WRIT_CHECK(matcher_->accept(token));
    }
    return token;
  } catch (const std::exception& error) {
    return fail(internal(std::string("sampling: ") + error.what(), "llama::Sampler"));
  }
}

}  // namespace writ::llama
