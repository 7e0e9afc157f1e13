// Evaluation cases: a conversation that a client has with a model, and what would be right at each step of it.
// A file has one case a line, as JSON; models/README.md shows one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "schema/codec.h"

namespace writ::evaluation {

using schema::field;
using schema::field_or_default;
using schema::list;
using schema::text;

/// The only tool whose arguments can be compared by what they come to.
inline constexpr std::string_view calculator = "calculator";

struct ExpectedCall {
  std::string name;
  json::object arguments;
  json::array same;  // other `arguments` that are as good; a text stands for the only argument's value
  bool by_value = false;
  static constexpr auto fields() {
    return std::tuple(field("name", &ExpectedCall::name, text(1, 64), "Tool."),
                      field("arguments", &ExpectedCall::arguments, schema::any, "Its arguments."),
                      field_or_default("same", &ExpectedCall::same, schema::any, "Other arguments that are as good."),
                      field_or_default("by_value", &ExpectedCall::by_value, schema::any,
                                       "calculator only: any expression of the same value is as good."));
  }
};
struct ExpectedAnswer {
  std::vector<std::string> must, any, must_not;
  static constexpr auto fields() {
    return std::tuple(
        field_or_default("must", &ExpectedAnswer::must, list(0, 64, text(1, 4096)), "All of these are in the text."),
        field_or_default("any", &ExpectedAnswer::any, list(0, 64, text(1, 4096)), "At least one of these is."),
        field_or_default("must_not", &ExpectedAnswer::must_not, list(0, 64, text(1, 4096)), "None of these is."));
  }
};
/// Either `calls`, with what the client answers to each, or `answer`.
struct Step {
  std::vector<ExpectedCall> calls;
  std::vector<std::string> results;
  std::optional<ExpectedAnswer> answer;
  static constexpr auto fields() {
    return std::tuple(
        field_or_default("calls", &Step::calls, list(1, 16), "Exactly these calls, in any order."),
        field_or_default("results", &Step::results, list(0, 16), "What each call gives, in the same order."),
        field("answer", &Step::answer, schema::any, "No call, and a text that holds what it must."));
  }
};
struct Case {
  std::string id, split;
  json::array messages, tools;
  std::vector<Step> steps;
  static constexpr auto fields() {
    return std::tuple(field("id", &Case::id, text(1, 256), "Names the case."),
                      field("split", &Case::split, text(1, 64), "Whose score it counts in."),
                      field("messages", &Case::messages, schema::any, "OpenAI messages that the client begins with."),
                      field_or_default("tools", &Case::tools, schema::any, "OpenAI tools."),
                      field("steps", &Case::steps, list(1, 32), "What is right, answer by answer."));
  }
};

/// One line. `same` then holds whole arguments only. Errors: invalid (bad_case) with all problems.
[[nodiscard]] Result<Case> read_case(std::string_view line);
/// All lines of a file; blank ones are skipped. name: stands in messages. Errors: invalid (bad_case) that names the line.
[[nodiscard]] Result<std::vector<Case>> read_cases(std::string_view content, std::string_view name);

/// The first `most` of each split, in their order.
[[nodiscard]] std::vector<Case> first_of_each_split(std::vector<Case> cases, std::size_t most);

}  // namespace writ::evaluation
