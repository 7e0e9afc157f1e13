#include "slm/fair_queue.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace writ::slm {
namespace {

const TenantId a{"a"}, b{"b"}, c{"c"};

std::string take_all(FairQueue<std::string>& queue, int slots = 1000) {
  std::string order;
  while (slots-- > 0) {
    auto item = queue.take();
    if (!item) break;
    order += *item + " ";
  }
  return order;
}

TEST(FairQueue, one_tenant_is_served_in_order) {
  FairQueue<std::string> queue(8);
  for (const auto* item : {"1", "2", "3"}) ASSERT_TRUE(queue.push(a, item));
  EXPECT_EQ(take_all(queue), "1 2 3 ");
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST(FairQueue, a_burst_of_one_tenant_does_not_keep_others_waiting) {
  FairQueue<std::string> queue(8);
  for (const auto* item : {"a1", "a2", "a3", "a4"}) ASSERT_TRUE(queue.push(a, item));
  ASSERT_TRUE(queue.push(b, "b1"));
  ASSERT_TRUE(queue.push(c, "c1"));
  EXPECT_EQ(take_all(queue), "a1 b1 c1 a2 a3 a4 ");
}

TEST(FairQueue, with_one_slot_tenants_take_turns) {
  FairQueue<std::string> queue(8);
  for (const auto* item : {"a1", "a2", "a3"}) ASSERT_TRUE(queue.push(a, item));
  for (const auto* item : {"b1", "b2"}) ASSERT_TRUE(queue.push(b, item));
  std::string order;
  while (auto item = queue.take()) {
    order += *item + " ";
    queue.ended(item->starts_with('a') ? a : b);
  }
  EXPECT_EQ(order, "a1 b1 a2 b2 a3 ");
}

TEST(FairQueue, who_has_fewer_at_work_comes_first) {
  FairQueue<std::string> queue(8);
  ASSERT_TRUE(queue.push(a, "a1"));
  ASSERT_TRUE(queue.push(a, "a2"));
  EXPECT_EQ(take_all(queue), "a1 a2 ");
  ASSERT_TRUE(queue.push(b, "b1"));
  EXPECT_EQ(take_all(queue), "b1 ");
  queue.ended(a);
  queue.ended(a);  // a has none at work now, b one
  ASSERT_TRUE(queue.push(b, "b2"));
  ASSERT_TRUE(queue.push(a, "a3"));
  EXPECT_EQ(take_all(queue, 1), "a3 ");
}

TEST(FairQueue, a_full_queue_refuses_and_leaves_the_item) {
  FairQueue<std::unique_ptr<int>> queue(1);
  ASSERT_TRUE(queue.push(a, std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.push(b, std::move(second)));
  ASSERT_NE(second, nullptr);
  EXPECT_TRUE(queue.full());
  ASSERT_TRUE(queue.take());
  EXPECT_TRUE(queue.push(b, std::move(second)));  // an item at work takes no place in the queue
}

TEST(FairQueue, removed_items_give_their_place_back) {
  FairQueue<std::string> queue(3);
  ASSERT_TRUE(queue.push(a, "a1"));
  ASSERT_TRUE(queue.push(a, "gone"));
  ASSERT_TRUE(queue.push(b, "gone"));
  const auto removed = queue.remove_if([](const std::string& item) { return item == "gone"; });
  EXPECT_EQ(removed.size(), 2U);
  EXPECT_EQ(queue.waiting(), 1U);
  EXPECT_EQ(take_all(queue), "a1 ");
}

}  // namespace
}  // namespace writ::slm
