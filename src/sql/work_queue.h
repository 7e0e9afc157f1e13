// WorkQueue: a bounded queue whose takers are threads that may block.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace writ::sql {

/// Thread: any.
template <class T>
class WorkQueue {
 public:
  explicit WorkQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Moves the item in and returns the new depth; nothing when full or closed, and the item is then untouched.
  [[nodiscard]] std::optional<std::size_t> push(T& item) {
    std::size_t depth = 0;
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return std::nullopt;
      items_.push_back(std::move(item));
      depth = items_.size();
    }
    changed_.notify_one();
    return depth;
  }

  struct Taken {
    std::vector<T> items;  // empty: closed and drained
    std::size_t left = 0;
  };
  /// Waits for items and takes up to `max` of them, oldest first.
  [[nodiscard]] Taken take(std::size_t max) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !items_.empty(); });
    Taken taken;
    while (!items_.empty() && taken.items.size() < max) {
      taken.items.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    taken.left = items_.size();
    return taken;
  }

  /// Takes no more; what is in it still comes out.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace writ::sql
