#include "http/connection_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace writ::http {
namespace {

struct Guest final : Seat {
  void evict() override { is_evicted = true; }
  bool is_evicted = false;
};

TEST(ConnectionTable, a_peer_that_has_its_share_gives_up_its_longest_waiting) {
  ConnectionTable table(2, 1);
  Guest a1, a2, a3, b;
  table.enter(a1, "a", false);
  table.enter(b, "b", false);
  table.enter(a2, "a", false);
  table.work(a1);
  table.wait(a1);
  table.enter(a3, "a", false);
  EXPECT_TRUE(a2.is_evicted);
  EXPECT_FALSE(a1.is_evicted || b.is_evicted || a3.is_reserve());
}

TEST(ConnectionTable, a_full_server_gives_up_the_longest_waiting_of_all) {
  ConnectionTable table(10, 1);
  Guest a, b, c;
  table.enter(a, "a", false);
  table.enter(b, "b", false);
  table.work(a);
  table.enter(c, "c", true);
  EXPECT_TRUE(b.is_evicted);
  EXPECT_FALSE(a.is_evicted || c.is_reserve());
}

TEST(ConnectionTable, when_all_work_a_reserve_seat_is_left_and_its_longest_guest_goes) {
  ConnectionTable table(1, 1);
  Guest a, r1, r2, again;
  table.enter(a, "a", false);
  table.work(a);
  table.enter(r1, "a", false);
  EXPECT_TRUE(r1.is_reserve());
  table.enter(r2, "b", true);
  EXPECT_TRUE(r2.is_reserve() && r1.is_evicted);
  table.leave(r1);  // its coroutine ends later
  table.leave(a);
  table.leave(r2);
  table.enter(again, "a", false);
  EXPECT_FALSE(again.is_reserve());
}

TEST(ConnectionTable, a_descriptor_is_freed_by_whoever_waits) {
  ConnectionTable table(2, 1);
  Guest a, b;
  table.enter(a, "a", false);
  table.enter(b, "b", false);
  table.work(a);
  EXPECT_TRUE(table.evict_one());
  EXPECT_TRUE(b.is_evicted);
  EXPECT_FALSE(table.evict_one());
}

TEST(ConnectionTable, nothing_is_left_of_many_peers_that_came_and_went) {
  ConnectionTable table(4, 2);
  std::vector<std::unique_ptr<Guest>> guests;
  for (int i = 0; i < 1000; ++i) {
    table.enter(*guests.emplace_back(std::make_unique<Guest>()), std::to_string(i % 7), i % 3 == 0);
    if (i % 2 == 0) table.work(*guests.back());
    if (i % 5 == 0) table.leave(*guests[static_cast<std::size_t>(i / 2)]);
  }
  for (auto& guest : guests) table.leave(*guest);
  EXPECT_FALSE(table.evict_one());
}

}  // namespace
}  // namespace writ::http
