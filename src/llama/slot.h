// One place for a sequence in the engine: what its part of the KV cache holds, and the answer under way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "llama/engine.h"
#include "llama/output_text.h"
#include "llama/sampler.h"
#include "llama/tool_call_parser.h"

namespace writ::llama {

/// The answer a slot is working on.
struct Answering {
  Answering(Sequence given, Sampler chooser)
      : sequence(std::move(given)), sampler(std::move(chooser)), text(sequence.stops) {}

  Sequence sequence;
  Sampler sampler;
  OutputText text;
  TaggedScanner scanner;          // with a CallLimit
  std::int32_t generated = 0;
  std::optional<Token> pending{};  // chosen, not decoded yet; none while the prompt is being decoded
};

struct Slot {
  std::vector<Token> cached;  // what the KV cache holds, at positions 0…; kept after the answer for the next prompt
  std::optional<Answering> answering;
  std::uint64_t used = 0;            // a clock of adds: the smallest is the oldest
  std::optional<std::int32_t> logits_row;  // in the batch under way

  [[nodiscard]] std::int32_t position() const { return static_cast<std::int32_t>(cached.size()); }
  [[nodiscard]] std::int32_t prompt_left() const {
    if (!answering || answering->pending) return 0;
    return static_cast<std::int32_t>(answering->sequence.prompt.size() - cached.size());
  }
};

/// Which slot a prompt goes to, and which slot's cache begins like it.
struct Placement {
  std::size_t slot = 0;
  std::size_t donor = 0;   // may be the slot itself
  std::size_t shared = 0;  // tokens, fewer than the prompt's: the last one must be decoded to have logits
};

/// Reuses the longest cached beginning of any slot. A free slot that holds nothing else continues in place; otherwise the
/// oldest free slot takes a copy, so that another conversation's cache stays for its next turn. nullopt: no slot is free.
[[nodiscard]] std::optional<Placement> place(std::span<const Slot> slots, std::span<const Token> prompt);

}  // namespace writ::llama
