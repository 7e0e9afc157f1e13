#include "gateway/rate_table.h"

#include <algorithm>

namespace writ::gateway {
namespace {

SteadyTime full_at(const std::vector<quota::Bucket>& buckets) {
  auto out = SteadyTime::min();
  for (const auto& bucket : buckets) out = std::max(out, bucket.full_at);
  return out;
}

}  // namespace

RateTable::Held RateTable::buckets_of(RateKey key, SteadyTime now) {
  constexpr unsigned high_bits = 58;  // the low ones choose the place inside a shard
  static_assert(shard_count == std::size_t{1} << (64 - high_bits));
  constexpr std::size_t odd = 0x9E3779B97F4A7C15;
  auto& shard = shards_.at((Hash{}(key)*odd) >> high_bits);
  std::unique_lock lock(shard.mutex);
  auto found = shard.buckets.find(key);
  if (found == shard.buckets.end()) {
    if (shard.buckets.size() >= shard_max_) make_room(shard, now);
    found = shard.buckets.emplace(Name(key), std::vector<quota::Bucket>(rates_)).first;
  }
  return {std::move(lock), found->second};
}

// Some at once, so that a full shard is not looked through for each newcomer.
void RateTable::make_room(Shard& shard, SteadyTime now) const {
  constexpr std::size_t part = 8;
  std::erase_if(shard.buckets, [now](const auto& row) { return full_at(row.second) <= now; });
  const auto wanted = shard_max_ - std::max<std::size_t>(shard_max_ / part, 1);
  if (shard.buckets.size() <= wanted) return;
  std::vector<SteadyTime> times;
  for (const auto& [name, buckets] : shard.buckets) times.push_back(full_at(buckets));
  const auto last = times.begin() + static_cast<std::ptrdiff_t>(shard.buckets.size() - wanted - 1);
  std::ranges::nth_element(times, last);
  std::erase_if(shard.buckets, [limit = *last](const auto& row) { return full_at(row.second) <= limit; });
}

std::size_t RateTable::size() {
  std::size_t out = 0;
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    out += shard.buckets.size();
  }
  return out;
}

}  // namespace writ::gateway
