#include "gateway/rate_table.h"

#include <gtest/gtest.h>

namespace writ::gateway {
namespace {

constexpr SteadyTime now{Seconds{1000}};
constexpr std::size_t small = RateTable::shard_count * 4;

void set(RateTable& table, const std::string& subject, SteadyTime full_at) {
  table.buckets_of({"t", subject}, now).buckets()[0].full_at = full_at;
}
bool is_kept(RateTable& table, const std::string& subject) {
  return table.buckets_of({"t", subject}, now).buckets()[0].full_at > now;
}

TEST(RateTable, remembers_each_key_by_itself) {
  RateTable table(2, small);
  set(table, "ann", now + Seconds{5});
  EXPECT_EQ(table.buckets_of({"t", "ann"}, now).buckets().size(), 2);
  EXPECT_TRUE(is_kept(table, "ann"));
  EXPECT_FALSE(is_kept(table, "bob"));
  EXPECT_EQ(table.size(), 2);
}

TEST(RateTable, no_two_pairs_of_tenant_and_subject_are_one) {
  RateTable table(1, small);
  table.buckets_of({"acme", "emea/ann"}, now).buckets()[0].full_at = now + Seconds{5};
  EXPECT_EQ(table.buckets_of({"acme/emea", "ann"}, now).buckets()[0], quota::Bucket{});
  EXPECT_EQ(table.buckets_of({"acmeemea/ann", ""}, now).buckets()[0], quota::Bucket{});
}

TEST(RateTable, stays_within_its_capacity_whoever_comes) {
  RateTable table(1, small);
  for (int i = 0; i < 10'000; ++i) {
    set(table, std::to_string(i), now + Seconds{5} + Millis{i});
    ASSERT_LE(table.size(), small);
  }
  EXPECT_GT(table.size(), small / 2);
}

TEST(RateTable, who_is_full_again_makes_room_and_who_is_busy_is_remembered) {
  RateTable table(1, small);
  set(table, "busy", now + Seconds{500});
  for (int i = 0; i < 1'000; ++i) set(table, std::to_string(i), now - Seconds{1});
  for (int i = 1'000; i < 10'000; ++i) set(table, std::to_string(i), now + Seconds{5});
  EXPECT_TRUE(is_kept(table, "busy"));
}

}  // namespace
}  // namespace writ::gateway
