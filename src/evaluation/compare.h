// Whether what a model said is what a case expects.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/cases.h"

namespace writ::evaluation {

/// A tool call of a model's message.
struct ModelCall {
  std::string id, name;
  std::string arguments;  // JSON text
};

/// For people: name(arguments), …, or "no call".
[[nodiscard]] std::string shown(const std::vector<ModelCall>& calls);

/// Numbers by value (3 is 3.0), keys in any order.
[[nodiscard]] bool same_json(const json::value& a, const json::value& b);

/// Pairs each call of the model with another one that was expected; gives the index of the expected call for each.
/// The error says what is wrong with them.
[[nodiscard]] std::expected<std::vector<std::size_t>, std::string> match_calls(
    const std::vector<ExpectedCall>& expected, const std::vector<ModelCall>& got);

/// Whether the text holds it, whatever the case of ASCII letters and with or without thousands commas. A number must stand
/// alone: 18 is in "18.", "18.00" and "$18", not in "180", "3.18" or "18.5".
[[nodiscard]] bool holds(std::string_view text, std::string_view wanted);
/// What is wrong with an answer's text; "" when it is right.
[[nodiscard]] std::string fault_of(const ExpectedAnswer& expected, std::string_view text);

}  // namespace writ::evaluation
