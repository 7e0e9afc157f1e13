#include "scan/pattern_weight.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace writ::scan {
namespace {

constexpr std::size_t nesting_max = 32;
constexpr std::size_t character_weight = 4, wide_weight = 32;  // of one character, of a class of most characters
constexpr std::size_t heaviest = 1U << 30U;  // more makes no difference, and cannot overflow

class Weighing {
 public:
  explicit Weighing(std::string_view text) : text_(text) {}

  std::expected<std::size_t, std::string> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '(') {
        if (groups_.size() > nesting_max) return std::unexpected("its groups are nested too deeply");
        ++at_;
        groups_.push_back(0);
      } else if (c == ')') {
        ++at_;
        const auto inner = groups_.size() > 1 ? groups_.back() : 0;
        if (groups_.size() > 1) groups_.pop_back();
        add(inner * repetitions());
      } else {
        const auto one = atom();
        add(one * repetitions());
      }
    }
    std::size_t all = 0;
    for (const auto group : groups_) all = std::min(heaviest, all + group);
    return all;
  }

 private:
  void add(std::size_t weight) { groups_.back() = std::min(heaviest, groups_.back() + weight); }

  std::size_t atom() {
    const char c = text_[at_++];
    if (c == '.') return wide_weight;
    if (c == '[') return character_class();
    if (c != '\\' || at_ >= text_.size()) return character_weight;
    const char kind = text_[at_++];
    if ((kind == 'x' || kind == 'p' || kind == 'P') && at_ < text_.size()) {
      if (text_[at_] == '{') at_ = std::min(text_.find('}', at_), text_.size() - 1) + 1;
      else if (kind != 'x') ++at_;  // `\pL`
    }
    return std::string_view("pPWDSNXR").contains(kind) ? wide_weight : character_weight;
  }

  std::size_t character_class() {
    bool wide = at_ < text_.size() && text_[at_] == '^';
    if (wide) ++at_;
    for (bool first = true; at_ < text_.size() && (first || text_[at_] != ']'); first = false) {
      wide = wide || static_cast<unsigned char>(text_[at_]) >= 0x80U;
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        wide = wide || std::string_view("pPWDSx").contains(text_[at_]);
      }
      ++at_;
    }
    if (at_ < text_.size()) ++at_;
    return wide ? wide_weight : character_weight;
  }

  // `{n,m}` behind what was just read, as often as they stand there.
  std::size_t repetitions() {
    std::size_t times = 1;
    while (at_ < text_.size() && text_[at_] == '{') {
      std::size_t most = 0, number = 0, end = at_ + 1;
      for (; end < text_.size() && text_[end] != '}'; ++end) {
        const char c = text_[end];
        if (c >= '0' && c <= '9') number = std::min(heaviest, number * 10 + static_cast<std::size_t>(c - '0'));
        else if (c == ',') number = 0;
        else return times;  // a brace that stands for itself
        most = std::max(most, number);
      }
      at_ = std::min(end + 1, text_.size());
      times = std::min(heaviest, times * std::max<std::size_t>(most, 1));
    }
    return times;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::size_t> groups_{0};
};

}  // namespace

std::expected<std::size_t, std::string> weight_of(const Pattern& pattern) {
  if (pattern.kind == PatternKind::literal) return pattern.text.size();
  return Weighing(pattern.text).run();
}

}  // namespace writ::scan
