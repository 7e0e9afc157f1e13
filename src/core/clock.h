// Ports for time and randomness, and their real implementations. Pure code gets times as arguments instead.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace writ {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;  // UTC
using SteadyTime = std::chrono::steady_clock::time_point;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  /// Fills with cryptographically secure bytes; ends the process if the kernel has none.
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

/// The machine's clock and the kernel's random source; thread-safe, live as long as the process.
[[nodiscard]] const Clock& system_clock();
[[nodiscard]] Random& system_random();
/// For identifiers that must be unique but are no secret, such as those of traces and spans: the kernel's bytes too, drawn
/// in blocks for each thread instead of with one system call each. Never for keys.
[[nodiscard]] Random& identifier_random();

/// RFC 3339 in UTC with milliseconds: "2026-11-23T20:01:05.123Z".
[[nodiscard]] std::string to_rfc3339(WallTime at);
/// Errors: invalid (bad_time). Accepts seconds or milliseconds and "Z" only.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace writ
