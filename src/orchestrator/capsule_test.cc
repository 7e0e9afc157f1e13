#include "orchestrator/capsule.h"

#include <gtest/gtest.h>

namespace writ::orchestrator {
namespace {

TEST(Capsule, the_shipped_assistant_is_there_with_its_tools_and_hash) {
  const auto set = CapsuleSet::load({});
  ASSERT_TRUE(set) << set.error().message;
  const auto* assistant = set->find("assistant");
  ASSERT_NE(assistant, nullptr);
  EXPECT_EQ(assistant, set->find("assistant@1"));
  EXPECT_EQ(assistant->tools, (std::vector<std::string>{"calculator", "clock", "remember", "recall"}));
  EXPECT_EQ(assistant->hash.size(), 64U);
}

TEST(Capsule, a_name_means_its_newest_version) {
  auto set = CapsuleSet::load({});
  ASSERT_TRUE(set);
  ASSERT_TRUE(set->add(*parse_capsule(R"({"name":"a","version":2,"system_prompt":"two"})")));
  ASSERT_TRUE(set->add(*parse_capsule(R"({"name":"a","version":10,"system_prompt":"ten"})")));
  EXPECT_EQ(set->find("a")->version, 10);
  EXPECT_EQ(set->find("a@2")->system_prompt, "two");
  EXPECT_EQ(set->find("a@3"), nullptr);
  EXPECT_EQ(set->find("a@x"), nullptr);
  EXPECT_EQ(set->find("b"), nullptr);
}

TEST(Capsule, a_version_never_changes) {
  auto set = CapsuleSet::load({});
  ASSERT_TRUE(set->add(*parse_capsule(R"({"name":"a","version":1,"system_prompt":"one"})")));
  EXPECT_TRUE(
      set->add(*parse_capsule(R"({"version":1, "name":"a","system_prompt":"one"})")));  // the same, written another way
  EXPECT_FALSE(set->add(*parse_capsule(R"({"name":"a","version":1,"system_prompt":"other"})")));
}

TEST(Capsule, every_problem_is_named) {
  const auto capsule = parse_capsule(R"({"name":"","version":0,"system_prompt":"","colour":"red"})");
  ASSERT_FALSE(capsule);
  EXPECT_EQ(capsule.error().code, "invalid_capsule");
  EXPECT_EQ(capsule.error().problems.size(), 3U);
  EXPECT_FALSE(parse_capsule(R"({"name":"a","version":1,"system_prompt":"","tool_choice":["sometimes"]})"));
  EXPECT_FALSE(parse_capsule(R"({"name":"a@1","version":1,"system_prompt":""})"));
}

TEST(Capsule, a_folder_that_cannot_be_read_stops_the_start) {
  const auto set = CapsuleSet::load({"/no/such/folder"});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, "bad_capsule");
}

}  // namespace
}  // namespace writ::orchestrator
