#include "evaluation/cases.h"

#include <map>

#include <fmt/format.h>

#include "tools/arithmetic.h"

namespace writ::evaluation {
namespace {

using Problems = std::vector<Problem>;

void check_call(ExpectedCall& call, const std::string& at, Problems& problems) {
  for (std::size_t i = 0; i < call.same.size(); ++i) {
    auto& same = call.same[i];
    if (same.is_string() && call.arguments.size() == 1)
      same = json::object{{call.arguments.begin()->key(), same.get_string()}};
    if (!same.is_object())
      problems.push_back({fmt::format("{}/same/{}", at, i),
                          "must be an object of arguments, or the value of the only argument as text"});
  }
  if (!call.by_value) return;
  if (call.name != calculator)
    return problems.push_back({at + "/by_value", "only calls of calculator can be compared by value"});
  if (!tools::evaluate_expression(text_at(call.arguments, "expression")))
    problems.push_back({at + "/arguments/expression", "must be an expression with a value, for it is compared by it"});
}

void check_step(Step& step, const std::string& at, bool last, Problems& problems) {
  if (step.calls.empty() == !step.answer) problems.push_back({at, "must have calls or an answer, and not both"});
  if (step.answer && !last) problems.push_back({at + "/answer", "must be the last step: nothing can follow it"});
  if (!last && step.calls.size() != step.results.size())
    problems.push_back({at + "/results", "must have one result for each call"});
  for (std::size_t i = 0; i < step.calls.size(); ++i)
    check_call(step.calls[i], fmt::format("{}/calls/{}", at, i), problems);
  if (step.answer && step.answer->must.empty() && step.answer->any.empty() && step.answer->must_not.empty())
    problems.push_back({at + "/answer", "must ask for something: must, any or must_not"});
}

}  // namespace

Result<Case> read_case(std::string_view line) {
  WRIT_TRY(const auto document, parse_json(line));
  auto out = schema::decode<Case>(document);
  if (!out) return fail(invalid("bad_case", "the case has not the form of one", std::move(out.error().problems)));
  Problems problems;
  if (out->messages.empty()) problems.push_back({"/messages", "must hold at least one message"});
  for (std::size_t i = 0; i < out->steps.size(); ++i)
    check_step(out->steps[i], fmt::format("/steps/{}", i), i + 1 == out->steps.size(), problems);
  if (!problems.empty()) return fail(invalid("bad_case", "the case contradicts itself", std::move(problems)));
  return out;
}

Result<std::vector<Case>> read_cases(std::string_view content, std::string_view name) {
  std::vector<Case> out;
  std::size_t number = 0;
  while (!content.empty()) {
    const auto end = content.find('\n');
    auto line = content.substr(0, end);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto one = read_case(line);
    if (!one)
      return fail(invalid("bad_case", fmt::format("{}, line {}: {}", name, number, one.error().message),
                          std::move(one.error().problems)));
    out.push_back(std::move(*one));
  }
  if (out.empty()) return fail(invalid("bad_case", fmt::format("{} holds no case", name)));
  return out;
}

std::vector<Case> first_of_each_split(std::vector<Case> cases, std::size_t most) {
  std::map<std::string, std::size_t> seen;
  std::erase_if(cases, [&](const Case& one) { return ++seen[one.split] > most; });
  return cases;
}

}  // namespace writ::evaluation
