// Scores: how many cases of each split were right, with what that says about the model beyond these cases.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"

namespace writ::evaluation {

/// What became of one case.
struct Outcome {
  std::string id, split;
  bool has_calls = false;      // some step expects calls
  bool begins_with_call = false;
  bool reached_answer = false;
  bool case_right = false;     // all steps
  bool calls_right = false;    // all steps that expect calls
  bool first_call_right = false;
  bool answer_right = false;
  std::string fault{};         // why it is not right
  std::size_t fault_step = 0;  // where, from 1
  bool refused = false;        // the server answered with an error, so it is not right
};

struct Share {
  std::int64_t right = 0;
  std::int64_t of = 0;
  void count(bool is_right) {
    ++of;
    right += is_right ? 1 : 0;
  }
  [[nodiscard]] double percent() const {
    return of == 0 ? 0 : 100 * static_cast<double>(right) / static_cast<double>(of);
  }
};

/// Percent.
struct Interval {
  double low = 0;
  double high = 100;
};
/// Wilson's 95 % interval of a share: unlike the usual one it is right for few cases and near 0 and 100 %.
/// Nothing is known of no cases: 0 to 100.
[[nodiscard]] Interval wilson(const Share& share);

struct SplitScore {
  Share cases, calls, answers, first_call;
  std::int64_t refused = 0;
};

class Scores {
 public:
  void add(const Outcome& outcome);
  [[nodiscard]] const std::map<std::string, SplitScore>& splits() const { return splits_; }
  [[nodiscard]] const SplitScore& all() const { return all_; }
  /// A list of splits, sorted by name; each share as {right, of, percent, low, high}.
  [[nodiscard]] json::array encode() const;
  /// For people, a line a split.
  [[nodiscard]] std::string table() const;

 private:
  std::map<std::string, SplitScore> splits_;
  SplitScore all_;
};

}  // namespace writ::evaluation
