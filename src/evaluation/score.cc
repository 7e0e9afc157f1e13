#include "evaluation/score.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace writ::evaluation {
namespace {

constexpr double z = 1.959963984540054;  // 97.5 % of a normal distribution are below: 95 % are within both sides

void add_to(SplitScore& score, const Outcome& outcome) {
  score.cases.count(outcome.case_right);
  if (outcome.has_calls) score.calls.count(outcome.calls_right);
  if (outcome.reached_answer) score.answers.count(outcome.answer_right);
  if (outcome.begins_with_call) score.first_call.count(outcome.first_call_right);
  score.refused += outcome.refused ? 1 : 0;
}

/// One digit is as much as an interval of thousands of cases deserves.
double rounded(double percent) { return std::round(percent * 10) / 10; }

json::object encoded(const Share& share) {
  const auto interval = wilson(share);
  return {{"right", share.right},
          {"of", share.of},
          {"percent", rounded(share.percent())},
          {"low", rounded(interval.low)},
          {"high", rounded(interval.high)}};
}

std::string shown(const Share& share) {
  if (share.of == 0) return "-";
  const auto interval = wilson(share);
  return fmt::format("{:.1f} % [{:.1f}, {:.1f}] {}/{}", share.percent(), interval.low, interval.high, share.right,
                     share.of);
}

}  // namespace

Interval wilson(const Share& share) {
  if (share.of == 0) return {};
  const auto n = static_cast<double>(share.of);
  const auto p = static_cast<double>(share.right) / n;
  const auto middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const auto half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {.low = 100 * std::max(0.0, middle - half), .high = 100 * std::min(1.0, middle + half)};
}

void Scores::add(const Outcome& outcome) {
  add_to(splits_[outcome.split], outcome);
  add_to(all_, outcome);
}

json::array Scores::encode() const {
  json::array out;
  for (const auto& [name, score] : splits_)
    out.push_back(json::object{{"split", name},
                               {"cases", encoded(score.cases)},
                               {"calls", encoded(score.calls)},
                               {"answers", encoded(score.answers)},
                               {"first_call", encoded(score.first_call)},
                               {"refused", score.refused}});
  return out;
}

std::string Scores::table() const {
  std::size_t width = 5;
  for (const auto& [name, score] : splits_) width = std::max(width, name.size());
  std::string out;
  const auto line = [&](std::string_view name, std::string_view cases, std::string_view calls, std::string_view answers,
                        std::string_view first) {
    out += fmt::format("{:<{}}  {:<30}  {:<30}  {:<30}  {}\n", name, width, cases, calls, answers, first);
  };
  line("split", "cases", "calls", "answers", "first call");
  for (const auto& [name, score] : splits_)
    line(name, shown(score.cases), shown(score.calls), shown(score.answers), shown(score.first_call));
  return out;
}

}  // namespace writ::evaluation
