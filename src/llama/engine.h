// The batching engine of one model: sequences in slots, decoded together, one step at a time. It queues nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "grammar/grammar.h"
#include "llama/chat.h"
#include "llama/model.h"

namespace writ::llama {

struct EngineLimits {
  std::int32_t context_tokens = 2048;  // per slot: prompt and answer together
  std::int32_t slots = 4;              // sequences decoded together, 1..64
  std::int32_t batch_tokens = 256;     // most tokens of one step; bounds how long a step takes
  std::int32_t threads = 1;            // compute threads, the owner thread included
};

struct Sampling {
  float temperature = 0.8F;  // 0: always the likeliest token
  float top_p = 0.95F;       // 1: off
  std::int32_t top_k = 40;   // 0: off
  float min_p = 0.0F;        // 0: off
  float frequency_penalty = 0.0F;
  float presence_penalty = 0.0F;
  std::uint32_t seed = 0;
};

using SequenceId = std::uint64_t;

struct Sequence {
  SequenceId id = 0;  // the caller's, unique among the sequences in the engine
  std::vector<Token> prompt;
  Sampling sampling{};
  Grammar grammar{};
  std::optional<grammar::Matcher> matcher{};  // the answer's place in its grammar; never with `grammar`
  std::int32_t max_tokens = 256;     // of the answer, 1 or more
  std::vector<std::string> stops{};  // text that ends the answer and is not part of it; empty ones are ignored
  CallLimit calls = CallLimit::none;
  SpecialTokens special =
      SpecialTokens::plain;  // parsed: special tokens in the answer come as their text (native formats)
  std::int32_t priority = 0;  // prompts with a lower number are decoded first
};

/// Whether llama.cpp takes a grammar of its own for the model's vocabulary. Errors: invalid (bad_grammar). Thread: any.
[[nodiscard]] Status check_grammar(const Model& model, const Grammar& grammar);

/// A sequence that answers a rendered request: its grammar of llama.cpp, stops and format; the caller adds the matcher of
/// its rules, sampling and max_tokens.
[[nodiscard]] Sequence sequence_for(SequenceId id, const RenderedChat& chat, std::vector<Token> prompt);

enum class FinishReason {
  stop,  // end of text, or a stop string
  length,  // max_tokens, or the slot's context is full
  tool_end,  // the answer ended with a complete tagged tool call
  error,  // decoding failed, of all sequences (decode_failed), or the grammar; Event::error says how
};

/// What one step did for one sequence. An event comes when there is text, a token or an end.
struct Event {
  SequenceId id = 0;
  std::string text{};  // whole UTF-8 characters; bytes that are none come as U+FFFD
  std::int32_t tokens = 0;  // generated in this step
  std::optional<FinishReason> finished{};  // the slot is free again
  std::optional<Error> error{};  // with FinishReason::error
};

struct Counters {
  std::uint64_t decode_calls = 0;
  std::uint64_t prompt_tokens = 0;  // decoded; without the reused ones
  std::uint64_t generated_tokens = 0;
  std::uint64_t prefix_reused = 0;  // prompt tokens that were not decoded again
};

/// Thread: all members on one owner thread, the one of the first call after create(); checked by assertion. Its worker
/// threads are started in create() and inherit that thread's scheduling priority.
class Engine {
 public:
  /// The model must outlive the engine. Errors: invalid (bad_engine_limits), unavailable (engine_memory).
  [[nodiscard]] static Result<std::unique_ptr<Engine>> create(const Model& model, const EngineLimits& limits);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Puts a sequence into a free slot and returns the number of its prompt tokens that need no decoding, because a slot
  /// holds them already from another sequence. Decodes nothing.
  /// Errors: unavailable (no_free_slot), invalid (context_overflow, bad_prompt, bad_grammar), conflict (duplicate_sequence).
  [[nodiscard]] Result<std::int32_t> add(Sequence sequence);
  /// Drops a sequence between two tokens; its slot is free at once. false: not in the engine (any more).
  bool remove(SequenceId id);
  /// One llama_decode over all slots: first one token for every running answer, then prompts by priority and age, up to
  /// prompt_tokens_max of them (and limits().batch_tokens in all). Without sequences: no events, no work.
  /// When decoding fails, all sequences end with an error, and the next ones find an empty cache.
  [[nodiscard]] std::vector<Event> step(std::int32_t prompt_tokens_max = INT32_MAX);

  /// False when decoding failed and there was no memory for a new context: this engine decodes nothing any more.
  [[nodiscard]] bool usable() const;
  [[nodiscard]] std::int32_t active() const;
  [[nodiscard]] std::int32_t free_slots() const;
  /// Prompt tokens of this sequence still to decode; nullopt: not in the engine.
  [[nodiscard]] std::optional<std::int32_t> prompt_left(SequenceId id) const;
  [[nodiscard]] const EngineLimits& limits() const;
  [[nodiscard]] const Counters& counters() const;

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::llama
