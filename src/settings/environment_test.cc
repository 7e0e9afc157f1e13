#include "settings/environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace writ::settings {
namespace {

TEST(Environment, files_are_read_with_their_mode) {
  auto folder = (std::filesystem::temp_directory_path() / "writ-settings-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto path = folder + "/key";
  std::ofstream(path) << "secret\n";
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  const Environment environment({});
  const auto file = environment.read_file(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->text, "secret\n");
  EXPECT_EQ(file->mode, 0640U);
  EXPECT_FALSE(environment.read_file(folder));
  EXPECT_FALSE(environment.read_file(folder + "/none"));
  std::ofstream(path) << std::string(70'000, 'x');
  EXPECT_EQ(environment.read_file(path).error().code, "file_too_large");
  std::filesystem::remove_all(folder);
}

TEST(Environment, of_process_holds_the_variables_of_the_process) {
  ASSERT_EQ(::setenv("WRIT_TEST_VARIABLE", "a=b", 1), 0);
  EXPECT_EQ(Environment::of_process().find("WRIT_TEST_VARIABLE"), "a=b");
  ::unsetenv("WRIT_TEST_VARIABLE");
  EXPECT_EQ(Environment::of_process().find("WRIT_TEST_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace writ::settings
