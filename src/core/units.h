// Amounts whose unit is their type.
#pragma once

#include <compare>
#include <cstdint>

namespace writ {

/// A whole number of one unit; arithmetic only within the unit.
template <class Unit>
struct Amount {
  std::int64_t value = 0;
  auto operator<=>(const Amount&) const = default;
  friend Amount operator+(Amount a, Amount b) { return {a.value + b.value}; }
  friend Amount operator-(Amount a, Amount b) { return {a.value - b.value}; }
  Amount& operator+=(Amount b) {
    value += b.value;
    return *this;
  }
  Amount& operator-=(Amount b) {
    value -= b.value;
    return *this;
  }
};

using Tokens = Amount<struct TokensUnit>;
using MicroUsd = Amount<struct MicroUsdUnit>;
using Bytes = Amount<struct BytesUnit>;

}  // namespace writ
