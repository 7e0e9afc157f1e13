#include "slm/start_checks.h"

#include <gtest/gtest.h>

#include "core/scratch_folder.h"
#include "crypto/hash.h"

namespace writ::slm {
namespace {

TEST(CheckCpu, a_cpu_with_all_features_passes) { EXPECT_TRUE(check_cpu({"avx2", "fma"}, {"fma", "avx2", "avx512f"})); }

TEST(CheckCpu, a_missing_feature_stops_the_start_with_how_to_fix_it) {
  const auto status = check_cpu({"avx2", "avx512f", "avx512vnni"}, {"avx2"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, "cpu_features_missing");
  EXPECT_NE(status.error().message.find("avx512f, avx512vnni"), std::string::npos) << status.error().message;
  EXPECT_NE(status.error().message.find("./run setup"), std::string::npos);
}

class CheckFilesTest : public testing::Test {
 protected:
  ModelSpec model(std::string_view expected_content) {
    const auto file = folder.path() / "m.gguf";
    return {.id = "m", .files = {.gguf = file}, .checksums = {{file, crypto::sha256_hex(expected_content)}}};
  }
  Status check(const ModelSpec& spec) { return check_files(spec, folder.path() / "state"); }
  ScratchFolder folder;
};

TEST_F(CheckFilesTest, the_right_file_passes) {
  folder.write("m.gguf", "GGUF content");
  EXPECT_TRUE(check(model("GGUF content")));
}

TEST_F(CheckFilesTest, a_damaged_file_is_refused_with_how_to_fix_it) {
  folder.write("m.gguf", "GGUF damaged");
  const auto status = check(model("GGUF content"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, "model_corrupt");
  EXPECT_NE(status.error().message.find("m.gguf"), std::string::npos);
  EXPECT_NE(status.error().message.find("./run setup"), std::string::npos);
}

TEST_F(CheckFilesTest, a_file_is_read_again_only_when_it_has_changed) {
  const auto file = folder.write("m.gguf", "GGUF content");
  ASSERT_TRUE(check(model("GGUF content")));
  const auto time = std::filesystem::last_write_time(file);
  folder.write("m.gguf", "GGUF damaged");  // the same size
  std::filesystem::last_write_time(file, time);
  EXPECT_TRUE(check(model("GGUF content")));  // remembered: it was not read
  std::filesystem::last_write_time(file, time + std::chrono::seconds(1));
  EXPECT_FALSE(check(model("GGUF content")));
}

TEST_F(CheckFilesTest, another_expected_hash_is_checked_anew) {
  folder.write("m.gguf", "GGUF content");
  ASSERT_TRUE(check(model("GGUF content")));
  EXPECT_FALSE(check(model("GGUF another")));
}

TEST_F(CheckFilesTest, a_damaged_memory_is_made_anew) {
  folder.write("state/verified.json", "{nonsense");
  folder.write("m.gguf", "GGUF content");
  EXPECT_TRUE(check(model("GGUF content")));
}

}  // namespace
}  // namespace writ::slm
