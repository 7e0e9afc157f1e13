// RecentMap: a bounded map from text that forgets what was not asked for lately; sharded, without scans.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace writ::identity {

/// Lets a map of strings be asked with a view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

/// Each shard keeps a young and an old half; when the young one is full, the old one is dropped whole. What is found in
/// the old half moves to the young one. Thread: any.
template <class Value>
class RecentMap {
 public:
  /// capacity: entries at the most, at least 32.
  explicit RecentMap(std::size_t capacity) : half_max_(capacity / shard_count / 2) {}

  [[nodiscard]] std::optional<Value> find(std::string_view key) {
    auto& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (const auto it = shard.young.find(key); it != shard.young.end()) return it->second;
    const auto it = shard.old.find(key);
    if (it == shard.old.end()) return std::nullopt;
    auto node = shard.old.extract(it);
    auto value = node.mapped();
    make_room(shard);
    shard.young.insert(std::move(node));
    return value;
  }
  void put(std::string_view key, Value value) {
    auto& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (const auto it = shard.old.find(key); it != shard.old.end()) shard.old.erase(it);
    if (const auto it = shard.young.find(key); it != shard.young.end()) {
      it->second = std::move(value);
      return;
    }
    make_room(shard);
    shard.young.emplace(std::string(key), std::move(value));
  }
  void erase(std::string_view key) {
    auto& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    for (auto* half : {&shard.young, &shard.old})
      if (const auto it = half->find(key); it != half->end()) half->erase(it);
  }
  [[nodiscard]] std::size_t size() {
    std::size_t out = 0;
    for (auto& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      out += shard.young.size() + shard.old.size();
    }
    return out;
  }

 private:
  static constexpr std::size_t shard_count = 16;  // more than the loops that ask at once
  struct Shard {
    std::mutex mutex;
    TextMap<Value> young, old;
  };
  [[nodiscard]] Shard& shard_of(std::string_view key) {
    return shards_.at((TextHash{}(key) >> 7U) % shard_count);  // the low bits choose the bucket inside
  }
  // Under the shard's lock.
  void make_room(Shard& shard) const {
    if (shard.young.size() < half_max_) return;
    shard.old = std::exchange(shard.young, {});
  }

  const std::size_t half_max_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace writ::identity
