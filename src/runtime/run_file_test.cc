#include "runtime/run_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/scratch_folder.h"

namespace writ::runtime {
namespace {

class RunFileTest : public testing::Test {
 protected:
  ScratchFolder scratch;
  const std::filesystem::path& folder = scratch.path();
  const RunInfo mine{.pid = 42, .address = "http://127.0.0.1:8080"};
};

TEST_F(RunFileTest, is_found_while_it_is_held_and_gone_afterwards) {
  {
    const auto file = RunFile::take(folder / "run.json", mine);
    ASSERT_TRUE(file);
    EXPECT_EQ(find_running(folder / "run.json"), mine);
    EXPECT_EQ(std::filesystem::status(folder / "run.json").permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_EQ(find_running(folder / "run.json"), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(folder / "run.json"));
}

TEST_F(RunFileTest, a_second_server_is_told_who_runs) {
  const auto first = RunFile::take(folder / "run.json", mine);
  const auto second = RunFile::take(folder / "run.json", {.pid = 43, .address = "http://127.0.0.1:1"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "already_running");
  EXPECT_NE(second.error().message.find("http://127.0.0.1:8080 (process 42)"), std::string::npos);
  EXPECT_EQ(find_running(folder / "run.json"), mine);
}

TEST_F(RunFileTest, a_file_that_a_dead_server_left_deceives_nobody) {
  std::ofstream(folder / "run.json")
      << R"({"pid":1,"address":"http://127.0.0.1:8080 and a longer text than the next one has"})";
  EXPECT_EQ(find_running(folder / "run.json"), std::nullopt);
  const auto file = RunFile::take(folder / "run.json", mine);
  ASSERT_TRUE(file);
  EXPECT_EQ(find_running(folder / "run.json"), mine);
}

TEST_F(RunFileTest, a_folder_that_is_not_there_is_named_with_the_fix) {
  const auto file = RunFile::take(folder / "none" / "run.json", mine);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, "data_not_writable");
  EXPECT_NE(file.error().message.find("WRIT_DATA_DIR"), std::string::npos);
}

}  // namespace
}  // namespace writ::runtime
