#include "sql/migration.h"

#include <gtest/gtest.h>

namespace writ::sql {
namespace {

std::vector<RecordedMigration> recorded(const Migrations& applied) {
  std::vector<RecordedMigration> out;
  for (const auto& migration : applied) out.push_back({migration.name, hash_of(migration)});
  return out;
}

std::string refusal(const Migrations& known, const Migrations& applied) {
  const auto result = pending(known, recorded(applied));
  return result ? "" : result.error().code;
}

TEST(Migrations, only_what_is_not_recorded_is_pending_in_list_order) {
  const Migrations known{{"1", "a"}, {"2", "b"}, {"3", "c"}};
  const auto rest = pending(known, recorded({{"1", "a"}}));
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->size(), 2U);
  EXPECT_EQ(rest->front().name, "2");
  EXPECT_EQ(rest->back().name, "3");
}

TEST(Migrations, a_changed_text_is_refused) { EXPECT_EQ(refusal({{"1", "a2"}}, {{"1", "a"}}), "migration_changed"); }

TEST(Migrations, a_recorded_one_that_is_gone_from_the_middle_is_refused) {
  EXPECT_EQ(refusal({{"1", "a"}, {"3", "c"}}, {{"1", "a"}, {"2", "b"}, {"3", "c"}}), "migration_missing");
}

TEST(Migrations, one_slipped_in_before_a_recorded_one_is_refused) {
  EXPECT_EQ(refusal({{"1", "a"}, {"1b", "x"}, {"2", "b"}}, {{"1", "a"}, {"2", "b"}}), "migration_missing");
}

TEST(Migrations, data_of_a_newer_version_is_refused) {
  EXPECT_EQ(refusal({{"1", "a"}}, {{"1", "a"}, {"2", "b"}}), "data_newer");
  EXPECT_EQ(refusal({{"1", "a"}}, {{"1", "a"}, {"other/1", "b"}}), "data_newer");
}

TEST(Migrations, scopes_grow_independently) {
  const auto rest = pending({{"1", "a"}, {"2", "b"}, {"content/1", "x"}, {"content/2", "y"}},
                            recorded({{"1", "a"}, {"content/1", "x"}}));
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->size(), 2U);
  EXPECT_EQ(rest->front().name, "2");
  EXPECT_EQ(rest->back().name, "content/2");
}

}  // namespace
}  // namespace writ::sql
