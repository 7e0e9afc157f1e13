#include "llama/slot.h"

#include <gtest/gtest.h>

namespace writ::llama {
namespace {

Slot slot_with(std::vector<Token> cached, std::uint64_t used) {
  Slot slot;
  slot.cached = std::move(cached);
  slot.used = used;
  return slot;
}

std::vector<Slot> slots_of(auto&&... slots) {
  std::vector<Slot> list;
  (list.push_back(std::move(slots)), ...);
  return list;
}

TEST(Place, a_conversation_continues_in_its_own_slot) {
  const auto slots = slots_of(slot_with({}, 0), slot_with({1, 2, 3}, 1), slot_with({1, 2}, 2));
  const auto placement = place(slots, std::vector<Token>{1, 2, 3, 4});
  ASSERT_TRUE(placement);
  EXPECT_EQ(placement->slot, 1U);
  EXPECT_EQ(placement->donor, 1U);
  EXPECT_EQ(placement->shared, 3U);
}

TEST(Place, the_oldest_slot_copies_a_beginning_that_another_conversation_holds) {
  const auto slots = slots_of(slot_with({1, 2, 3, 9, 9}, 5), slot_with({7}, 4));
  const auto placement = place(slots, std::vector<Token>{1, 2, 3, 4});
  ASSERT_TRUE(placement);
  EXPECT_EQ(placement->slot, 1U);
  EXPECT_EQ(placement->donor, 0U);
  EXPECT_EQ(placement->shared, 3U);
}

TEST(Place, the_last_prompt_token_is_always_decoded) {
  const auto slots = slots_of(slot_with({1, 2, 3}, 1));
  EXPECT_EQ(place(slots, std::vector<Token>{1, 2, 3})->shared, 2U);
}

TEST(Place, an_unknown_prompt_takes_the_oldest_slot) {
  const auto slots = slots_of(slot_with({5}, 3), slot_with({6}, 2));
  const auto placement = place(slots, std::vector<Token>{1});
  EXPECT_EQ(placement->slot, 1U);
  EXPECT_EQ(placement->shared, 0U);
}

TEST(Place, no_slots_means_no_placement) { EXPECT_FALSE(place({}, std::vector<Token>{1})); }

}  // namespace
}  // namespace writ::llama
