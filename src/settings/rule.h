// Rule: the type and bounds of a setting's text, and the parsers and formatters of amounts with units.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/units.h"

namespace writ::settings {

enum class Type { text, secret, flag, integer, duration, size, url, path, list, choice };
[[nodiscard]] std::string_view to_string(Type type);

/// Bounds are inclusive: bytes of a text, milliseconds of a duration, bytes of a size, items of a list.
struct Rule {
  Type type = Type::text;
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::int64_t step = 1;  // values are its multiples: 1000 of a duration that is kept in seconds
  std::span<const std::string_view> choices{};  // in static storage
};

consteval Rule text(std::int64_t min, std::int64_t max) { return {Type::text, min, max}; }
/// Read from the variable or, better, from the file that the variable with `_FILE` at its end names.
consteval Rule secret(std::int64_t min, std::int64_t max = 4096) { return {Type::secret, min, max}; }
consteval Rule flag() { return {Type::flag, 0, 1}; }
consteval Rule integer(std::int64_t min, std::int64_t max) { return {Type::integer, min, max}; }
consteval Rule duration(Millis min, Millis max) { return {Type::duration, min.count(), max.count()}; }
consteval Rule size(Bytes min, Bytes max) { return {Type::size, min.value, max.value}; }
consteval Rule url() { return {Type::url, 8, 2048}; }
/// `~/` at the beginning is the home folder.
consteval Rule path() { return {Type::path, 1, 4096}; }
/// Separated by commas; blanks around an item do not count.
consteval Rule list(std::int64_t min, std::int64_t max) { return {Type::list, min, max}; }
/// One of the names; of an enum with schema::EnumNames they come from there: `choice()`.
consteval Rule choice(std::span<const std::string_view> names = {}) { return {.type = Type::choice, .choices = names}; }

/// "250ms", "5s", "10m", "24h": a whole number and its unit. Errors: invalid (bad_duration).
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);
/// In the largest unit that holds it exactly.
[[nodiscard]] std::string format_duration(Millis duration);
/// "512B", "64KiB", "8MiB", "2GiB". Errors: invalid (bad_size).
[[nodiscard]] Result<Bytes> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(Bytes size);

/// What is allowed, for people: "256 to 131072", "1ms to 10m", "true or false", "an http:// or https:// address".
[[nodiscard]] std::string allowed_by(const Rule& rule);
/// A bound in the rule's own spelling: 600'000 of a duration is "10m".
[[nodiscard]] std::string format_bound(const Rule& rule, std::int64_t bound);

}  // namespace writ::settings
