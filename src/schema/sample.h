// Samples for tests: a value of a type in which every field is set to something its rule allows.
#pragma once

#include <algorithm>

#include "schema/codec.h"

namespace writ::schema {

template <class T>
[[nodiscard]] T sample();

template <class T, class Rule>
void fill_sample(T& out, const Rule& rule) {
  if constexpr (is_optional<T>::value) {
    fill_sample(out.emplace(), rule);
  } else if constexpr (std::is_same_v<T, std::string>) {
    const auto bounds = text_rule(rule);
    out = "säm\n\"ple";  // what an encoder could get wrong
    if (out.size() > bounds.max) out.assign(bounds.max, 'x');
    if (out.size() < bounds.min) out.append(bounds.min - out.size(), 'x');
  } else if constexpr (is_id<T>::value) {
    out = T(std::string(T::prefix) + "1/ü ?");
  } else if constexpr (std::is_same_v<T, bool>) {
    out = true;
  } else if constexpr (std::is_integral_v<T>) {
    const auto bounds = number_rule(rule);
    out = static_cast<T>(std::clamp<std::int64_t>(7, bounds.min, bounds.max));
  } else if constexpr (is_amount<T>::value) {
    const auto bounds = number_rule(rule);
    out.value = std::clamp<std::int64_t>(7, bounds.min, bounds.max);
  } else if constexpr (std::is_same_v<T, double>) {
    if constexpr (std::is_same_v<Rule, Real>) out = std::clamp(0.5, rule.min, rule.max);
    else out = 0.5;
  } else if constexpr (std::is_same_v<T, WallTime>) {
    out = WallTime{Millis{1'700'000'000'123}};
  } else if constexpr (std::is_same_v<T, Millis>) {
    out = Millis{7};
  } else if constexpr (std::is_same_v<T, json::value>) {
    out = {{"any", {1, 0.5, nullptr, "ü"}}};
  } else if constexpr (std::is_same_v<T, json::object>) {
    out = {{"key", {{"nested", true}}}};
  } else if constexpr (std::is_same_v<T, json::array>) {
    out = {json::value{{"role", "user"}}, json::value("text")};
  } else if constexpr (std::is_same_v<T, TextMap>) {
    out = {{"a/b~c", "value"}};
  } else if constexpr (HasEnumNames<T>) {
    out = EnumNames<T>::value.back().first;
  } else if constexpr (is_vector<T>::value) {
    std::size_t count = 2;
    if constexpr (requires { rule.item; }) count = std::clamp<std::size_t>(count, rule.min, rule.max);
    for (std::size_t i = 0; i < count; ++i) {
      auto& item = out.emplace_back();
      if constexpr (requires { rule.item; }) fill_sample(item, rule.item);
      else fill_sample(item, Any{});
    }
  } else {
    out = sample<T>();
  }
}

template <class T>
T sample() {
  T out{};
  std::apply([&](const auto&... f) { (fill_sample(out.*(f.member), f.rule), ...); }, T::fields());
  return out;
}

}  // namespace writ::schema
