#include "llama/slot.h"

#include <algorithm>

namespace writ::llama {
namespace {

std::size_t common_beginning(std::span<const Token> a, std::span<const Token> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

std::optional<Placement> place(std::span<const Slot> slots, std::span<const Token> prompt) {
  std::optional<std::size_t> oldest;
  Placement best;
  bool in_place = false;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto& slot = slots[i];
    const auto shared = std::min(common_beginning(slot.cached, prompt), prompt.size() - 1);
    const bool continues = !slot.answering && shared > 0 && shared + 1 >= slot.cached.size();
    if (shared > best.shared || (shared == best.shared && continues && !in_place)) {
      best = {i, i, shared};
      in_place = continues;
    }
    if (!slot.answering && (!oldest || slot.used < slots[*oldest].used)) oldest = i;
  }
  if (!oldest) return std::nullopt;
  if (!in_place) best.slot = *oldest;
  return best;
}

}  // namespace writ::llama
