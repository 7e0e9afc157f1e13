// What the Rust engine says, as errors; private to the room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"
#include "writ_grammar.h"

namespace writ::grammar {

/// The last message of one call.
struct Messages {
  std::int32_t kind = 0;
  std::string text;

  /// A writ_cedar_sink; `user` is a Messages. Out of memory ends the process rather than unwinding through Rust.
  static void receive(void* user, std::int32_t kind, const char* data, std::size_t size) noexcept {
    *static_cast<Messages*>(user) = {kind, std::string(data, size)};
  }
  [[nodiscard]] bool panicked() const { return kind == WRIT_CEDAR_PANIC; }
};

[[nodiscard]] inline writ_text borrow(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace writ::grammar
