// FairQueue: a bounded queue that serves tenants in turn, so that nobody's burst keeps the others waiting. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "core/id.h"

namespace writ::slm {

/// First in, first out within a tenant. Between tenants: who has the fewest items at work, then who was served longest ago.
/// Thread: one at a time.
template <class T>
class FairQueue {
 public:
  explicit FairQueue(std::size_t waiting_max) : waiting_max_(waiting_max) {}

  /// False when it is full; the item is then untouched.
  [[nodiscard]] bool push(const TenantId& tenant, T&& item) {
    if (waiting_ >= waiting_max_) return false;
    const auto [line, is_new] = lines_.try_emplace(tenant);
    if (is_new) line->second.turn = {0, ++turns_};  // after others who have not been served either
    line->second.items.push_back(std::move(item));
    ++waiting_;
    return true;
  }

  /// The next item, which is then at work until ended(). Nothing when none waits.
  [[nodiscard]] std::optional<T> take() {
    auto next = lines_.end();
    for (auto line = lines_.begin(); line != lines_.end(); ++line) {
      if (line->second.items.empty()) continue;
      if (next == lines_.end() || rank(line->second) < rank(next->second)) next = line;
    }
    if (next == lines_.end()) return std::nullopt;
    auto& line = next->second;
    std::optional<T> item(std::move(line.items.front()));
    line.items.pop_front();
    --waiting_;
    ++line.at_work;
    line.turn = {++turns_, 0};
    return item;
  }

  /// An item of the tenant that was at work has ended.
  void ended(const TenantId& tenant) {
    const auto line = lines_.find(tenant);
    WRIT_ASSERT(line != lines_.end() && line->second.at_work > 0, "what ended was taken before");
    --line->second.at_work;
    forget_idle(line);
  }

  /// Takes out waiting items, of all tenants, for which `gone` holds.
  template <class Predicate>
  [[nodiscard]] std::vector<T> remove_if(Predicate gone) {
    std::vector<T> removed;
    for (auto line = lines_.begin(); line != lines_.end();) {
      std::deque<T> kept;
      for (auto& item : line->second.items) {
        if (gone(item)) removed.push_back(std::move(item));
        else kept.push_back(std::move(item));
      }
      line->second.items = std::move(kept);
      line = forget_idle(line);
    }
    waiting_ -= removed.size();
    return removed;
  }

  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] bool full() const { return waiting_ >= waiting_max_; }

 private:
  struct Line {
    std::deque<T> items;
    std::size_t at_work = 0;
    std::pair<std::uint64_t, std::uint64_t> turn;  // when it was last served, then when it came
  };
  using Lines = std::map<TenantId, Line>;

  static auto rank(const Line& line) { return std::pair(line.at_work, line.turn); }
  typename Lines::iterator forget_idle(typename Lines::iterator line) {
    return line->second.items.empty() && line->second.at_work == 0 ? lines_.erase(line) : std::next(line);
  }

  const std::size_t waiting_max_;
  Lines lines_;
  std::size_t waiting_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace writ::slm
