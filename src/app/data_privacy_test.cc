#include "app/data_privacy.h"

#include <sys/stat.h>

#include <fstream>

#include <gtest/gtest.h>

#include "app/data_folder.h"
#include "core/regular_file.h"
#include "core/scratch_folder.h"

namespace writ::app {
namespace {

namespace fs = std::filesystem;

class DataPrivacyTest : public testing::Test {
 public:
  DataPrivacyTest() { EXPECT_TRUE(data().initialise(std::nullopt, system_clock(), system_random())); }

 protected:
  [[nodiscard]] DataFolder data() const { return DataFolder(root); }
  void mode(const std::string& path, mode_t bits) const { ASSERT_EQ(::chmod((root / path).c_str(), bits), 0); }
  /// What a start says: "" when it starts.
  [[nodiscard]] std::string refusal() const {
    const auto made = data().initialise(std::nullopt, system_clock(), system_random());
    if (made) return "";
    std::string out = made.error().code;
    for (const auto& problem : made.error().problems) out += "\n" + problem.pointer + ": " + problem.message;
    return out;
  }
  ScratchFolder scratch;
  const fs::path& outside = scratch.path();
  const fs::path root = outside / "data";
};

TEST_F(DataPrivacyTest, what_init_makes_is_private) {
  EXPECT_TRUE(privacy_findings(root).empty());
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(fs::status(root / "secrets").permissions(), fs::perms::owner_all);
}

TEST_F(DataPrivacyTest, a_secret_that_others_can_read_or_write_is_refused_with_the_fix) {
  for (const auto* secret : {"local.key", "secrets/identity", "secrets/constitution-key", "identity/bootstrap.json"}) {
    for (const mode_t bits : {0640U, 0604U, 0620U, 0602U, 0666U}) {
      mode(secret, bits);
      const auto told = refusal();
      EXPECT_NE(told.find((root / secret).string()), std::string::npos) << secret << std::oct << bits;
      EXPECT_NE(told.find("chmod 600"), std::string::npos) << told;
    }
    mode(secret, 0600);
  }
  EXPECT_EQ(refusal(), "");
}

TEST_F(DataPrivacyTest, a_secret_is_not_given_out_while_others_can_read_it) {
  mode("secrets/policy", 0644);
  EXPECT_EQ(data().secret("policy").error().code, "data_not_private");
  mode("local.key", 0644);
  EXPECT_EQ(data().local_key().error().code, "data_not_private");
}

TEST_F(DataPrivacyTest, a_data_folder_that_others_can_write_to_is_refused_and_one_they_can_look_into_is_warned_of) {
  for (const mode_t bits : {0770U, 0707U, 0777U, 01777U}) {
    mode("", bits);
    EXPECT_NE(refusal().find("chmod 700 " + root.string()), std::string::npos) << std::oct << bits;
  }
  for (const mode_t bits : {0750U, 0705U, 0711U}) {
    mode("", bits);
    EXPECT_EQ(refusal(), "");
    const auto made = data().initialise(std::nullopt, system_clock(), system_random());
    ASSERT_EQ(made->warnings.size(), 1U) << std::oct << bits;
    EXPECT_NE(made->warnings[0].message.find("chmod 700"), std::string::npos);
  }
}

TEST_F(DataPrivacyTest, folders_inside_are_refused_only_where_others_get_to_them) {
  mode("policy", 0777);
  EXPECT_EQ(refusal(), "");
  mode("", 0755);
  EXPECT_NE(refusal().find((root / "policy").string()), std::string::npos);
}

TEST_F(DataPrivacyTest, what_decides_what_is_allowed_must_not_be_in_others_hands) {
  for (const auto* file : {"policy/constitution.json", "policy/signers.json"}) {
    mode(file, 0644);
    EXPECT_EQ(refusal(), "") << "it is no secret";
    mode(file, 0664);
    EXPECT_NE(refusal().find(file), std::string::npos);
    mode(file, 0600);
  }
}

TEST_F(DataPrivacyTest, a_link_where_a_secret_or_the_constitution_is_is_refused_and_not_followed) {
  for (const std::string name :
       {"local.key", "secrets/identity", "secrets", "identity/bootstrap.json", "policy/signers.json"}) {
    const auto kept = outside / "kept";
    fs::rename(root / name, kept);
    fs::create_symlink(kept, root / name);
    EXPECT_NE(refusal().find((root / name).string() + ": it is a symbolic link"), std::string::npos) << name;
    fs::remove(root / name);
    fs::rename(kept, root / name);
  }
  EXPECT_EQ(refusal(), "");
}

TEST_F(DataPrivacyTest, a_dangling_link_where_a_secret_would_be_made_is_refused_and_nothing_is_made_behind_it) {
  fs::remove(root / "secrets" / "content");
  fs::create_symlink(outside / "elsewhere", root / "secrets" / "content");
  EXPECT_NE(refusal().find("symbolic link"), std::string::npos);
  EXPECT_FALSE(fs::exists(outside / "elsewhere"));
}

TEST_F(DataPrivacyTest, writing_replaces_a_link_and_its_half_written_file_and_follows_neither) {
  std::ofstream(outside / "victim") << "mine";
  fs::create_symlink(outside / "victim", root / "x.json");
  fs::create_symlink(outside / "victim", root / "x.json.new");
  ASSERT_TRUE(write_private(root / "x.json", "new"));
  EXPECT_EQ(*read_private(root / "x.json"), "new");
  EXPECT_EQ(*RegularFile::open(outside / "victim")->read_all(10), "mine");
}

TEST_F(DataPrivacyTest, a_pipe_where_a_secret_is_is_refused_without_waiting) {
  fs::remove(root / "local.key");
  ASSERT_EQ(::mkfifo((root / "local.key").c_str(), 0600), 0);
  EXPECT_NE(refusal().find("it is no file"), std::string::npos);
  EXPECT_EQ(data().local_key().error().code, "not_a_file");
}

TEST_F(DataPrivacyTest, the_developers_key_is_new_once) {
  EXPECT_FALSE(data().initialise(std::nullopt, system_clock(), system_random())->local_key);
  fs::remove(root / "local.key");
  EXPECT_TRUE(data().initialise(std::nullopt, system_clock(), system_random())->local_key);
}

}  // namespace
}  // namespace writ::app
