// The Rust engine's messages as C++ values; private to the room and its tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "writ_cedar.h"

namespace writ::cedar {

/// Everything one call of the engine reported, in order.
struct Messages {
  struct Message {
    std::int32_t kind;
    std::string text;
  };
  std::vector<Message> all;

  /// A writ_cedar_sink; `user` is a Messages. Out of memory ends the process rather than unwinding through Rust.
  static void receive(void* user, std::int32_t kind, const char* data, std::size_t size) noexcept;

  [[nodiscard]] std::vector<std::string> of(std::int32_t kind) const;
  /// Why the engine refused: invalid (`code`) for its input, internal for a panic.
  [[nodiscard]] Error failure(std::string_view code) const;
};

[[nodiscard]] inline writ_text borrow(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace writ::cedar
