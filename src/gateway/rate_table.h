// RateTable: the buckets of those who asked lately, bounded and sharded; everybody has one bucket for each rate.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quota/rate.h"

namespace writ::gateway {

/// Whose buckets: a principal, or with an empty subject a tenant. Two texts, so that no pair reads like another.
struct RateKey {
  std::string_view tenant;
  std::string_view subject{};
};

/// Thread: any. A limit is one for all threads: each key has its place in one shard.
class RateTable {
 public:
  /// Buckets of one key, locked while this lives.
  class Held {
   public:
    Held(std::unique_lock<std::mutex> lock, std::span<quota::Bucket> buckets)
        : lock_(std::move(lock)), buckets_(buckets) {}
    [[nodiscard]] std::span<quota::Bucket> buckets() const { return buckets_; }

   private:
    std::unique_lock<std::mutex> lock_;
    std::span<quota::Bucket> buckets_;
  };

  /// rates: how many buckets everybody has. capacity: keys at the most, at least shard_count.
  RateTable(std::size_t rates, std::size_t capacity) : rates_(rates), shard_max_(capacity / shard_count) {}

  /// The buckets of the key. In a full shard those that are full again make room, which forgets nothing; if none are,
  /// those that will be soonest: who is forgotten begins with full buckets, so that nobody is refused for want of a
  /// place and the busiest are remembered longest.
  [[nodiscard]] Held buckets_of(RateKey key, SteadyTime now);
  [[nodiscard]] std::size_t size();

  static constexpr std::size_t shard_count = 64;  // more than the loops that ask at once

 private:
  struct Name {
    std::string tenant, subject;
    explicit Name(RateKey key) : tenant(key.tenant), subject(key.subject) {}
  };
  static RateKey view(const Name& name) { return {name.tenant, name.subject}; }
  static RateKey view(RateKey key) { return key; }
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& key) const {
      constexpr std::size_t odd = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio
      const auto [tenant, subject] = view(key);
      return (std::hash<std::string_view>{}(tenant)*odd) ^ std::hash<std::string_view>{}(subject);
    }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const {
      return view(a).tenant == view(b).tenant && view(a).subject == view(b).subject;
    }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<Name, std::vector<quota::Bucket>, Hash, Same> buckets;
  };
  // Under the shard's lock.
  void make_room(Shard& shard, SteadyTime now) const;

  const std::size_t rates_;
  const std::size_t shard_max_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace writ::gateway
