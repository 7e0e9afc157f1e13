#include "settings/rule.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace writ::settings {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<Unit, 4> durations{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
constexpr std::array<Unit, 5> sizes{Unit{"B", 1}, Unit{"KiB", 1LL << 10U}, Unit{"MiB", 1LL << 20U},
                                    Unit{"GiB", 1LL << 30U}, Unit{"TiB", 1LL << 40U}};

std::optional<std::int64_t> parse_amount(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& one : units) {
    if (one.name != unit) continue;
    if (__builtin_mul_overflow(number, one.factor, &number)) return std::nullopt;
    return number;
  }
  return std::nullopt;
}

std::string format_amount(std::int64_t amount, std::span<const Unit> units) {
  const auto* best = &units.front();
  for (const auto& one : units)
    if (amount != 0 && amount % one.factor == 0) best = &one;
  return fmt::format("{}{}", amount / best->factor, best->name);
}

}  // namespace

std::string_view to_string(Type type) {
  constexpr std::array<std::string_view, 10> names{"text", "secret", "flag", "integer", "duration",
                                                   "size", "url",    "path", "list",    "choice"};
  return names.at(static_cast<std::size_t>(type));
}

Result<Millis> parse_duration(std::string_view text) {
  if (const auto amount = parse_amount(text, durations)) return Millis{*amount};
  return fail(invalid("bad_duration", "must be a whole number with its unit: ms, s, m or h, such as 250ms"));
}
std::string format_duration(Millis duration) { return format_amount(duration.count(), durations); }

Result<Bytes> parse_size(std::string_view text) {
  if (const auto amount = parse_amount(text, sizes)) return Bytes{*amount};
  return fail(invalid("bad_size", "must be a whole number with its unit: B, KiB, MiB, GiB or TiB, such as 64KiB"));
}
std::string format_size(Bytes size) { return format_amount(size.value, sizes); }

std::string format_bound(const Rule& rule, std::int64_t bound) {
  if (rule.type == Type::duration) return format_duration(Millis{bound});
  if (rule.type == Type::size) return format_size(Bytes{bound});
  return std::to_string(bound);
}

std::string allowed_by(const Rule& rule) {
  const auto range = format_bound(rule, rule.min) + " to " + format_bound(rule, rule.max);
  switch (rule.type) {
    case Type::text:
    case Type::secret: return range + " bytes of text";
    case Type::flag: return "true or false";
    case Type::integer:
    case Type::size: return range;
    case Type::duration: return rule.step == 1 ? range : range + " in whole seconds";
    case Type::url: return "an http:// or https:// address";
    case Type::path: return "a path";
    case Type::list: return range + " items separated by commas";
    case Type::choice: return fmt::format("one of {}", fmt::join(rule.choices, ", "));
  }
  return {};
}

}  // namespace writ::settings
