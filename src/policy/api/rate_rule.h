// RateRule: one rate limit of the public door, as a constitution has it and the gateway keeps it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "quota/rate.h"
#include "schema/codec.h"

namespace writ::policy {

/// Whose requests draw on one bucket: those of each principal, or those of each tenant together.
enum class RatePer { tenant, principal };
/// What is counted: requests, or the bytes of their bodies.
enum class RateKind { requests, bytes };

}  // namespace writ::policy

template <>
struct writ::schema::EnumNames<writ::policy::RatePer> {
  using P = writ::policy::RatePer;
  static constexpr auto value =
      std::array<std::pair<P, std::string_view>, 2>{{{P::tenant, "tenant"}, {P::principal, "principal"}}};
};
template <>
struct writ::schema::EnumNames<writ::policy::RateKind> {
  using K = writ::policy::RateKind;
  static constexpr auto value =
      std::array<std::pair<K, std::string_view>, 2>{{{K::requests, "requests"}, {K::bytes, "bytes"}}};
};

namespace writ::policy {

/// `count` per `per_seconds` on average, `burst` at once.
struct RateRule {
  std::string id;
  RatePer per = RatePer::principal;
  RateKind kind = RateKind::requests;
  std::int64_t count = 1;
  std::int64_t per_seconds = 1;
  std::int64_t burst = 1;
  static constexpr auto fields() {
    constexpr auto permits_max = quota::Rate::permits_max;
    return std::tuple(
        field("id", &RateRule::id, schema::text(1, 64), "Id."),
        field("per", &RateRule::per, schema::any, "Whose requests draw on one bucket."),
        field("kind", &RateRule::kind, schema::any, "What is counted."),
        field("count", &RateRule::count, schema::number(1, permits_max), "Requests or bytes, on average."),
        field("per_seconds", &RateRule::per_seconds, schema::number(1, 3600), "In so many seconds."),
        field("burst", &RateRule::burst, schema::number(1, permits_max), "Requests or bytes at once."));
  }
  bool operator==(const RateRule&) const = default;
};

inline constexpr std::size_t rates_max = 16;  // of one constitution; each costs every request some nanoseconds
/// Bytes: the largest body that the public door takes. A burst below it would refuse such a request for ever.
inline constexpr std::int64_t rated_body_max = 1U << 20U;

/// What is wrong with one rate beyond its schema, at the name of its member, with the fix. Pure.
[[nodiscard]] inline std::optional<Problem> problem_of(const RateRule& rate) {
  if (rate.kind == RateKind::bytes && rate.burst < rated_body_max)
    return Problem{"/burst", "a request of " + std::to_string(rated_body_max) +
                                 " bytes could never pass: give a burst of at least so many"};
  if (rate.burst * rate.per_seconds > rate.count * quota::Rate::refill_max.count())
    return Problem{"/burst", "it would take more than an hour to fill: lower the burst, or raise the count"};
  return std::nullopt;
}

}  // namespace writ::policy
