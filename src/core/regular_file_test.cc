#include "core/regular_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "core/scratch_folder.h"

namespace writ {
namespace {

namespace fs = std::filesystem;

class RegularFileTest : public testing::Test {
 protected:
  fs::path write(const std::string& name, std::string_view content) const { return scratch.write(name, content); }
  static std::string refusal(const fs::path& path, Links links = Links::followed) {
    const auto file = RegularFile::open(path, links);
    return file ? "opened" : file.error().code + ": " + file.error().message;
  }
  ScratchFolder scratch;
  const fs::path& folder = scratch.path();
};

TEST_F(RegularFileTest, a_file_is_read_from_any_place_and_whole) {
  const auto file = RegularFile::open(write("a.txt", "content"));
  ASSERT_TRUE(file);
  std::array<char, 16> bytes{};
  EXPECT_EQ(*file->read(bytes, 3), 4U);
  EXPECT_EQ(std::string_view(bytes.data(), 4), "tent");
  EXPECT_EQ(*file->read_all(7), "content");
  EXPECT_EQ(file->read_all(6).error().code, "file_too_large");
}

TEST_F(RegularFileTest, what_is_no_file_is_refused_at_once_and_says_what_it_is) {
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(refusal(pipe), "not_a_file: pipe is a named pipe, not a file");
  EXPECT_EQ(refusal(folder), "not_a_file: " + folder.filename().string() + " is a folder, not a file");
  EXPECT_EQ(refusal("/dev/zero"), "not_a_file: zero is a device, not a file");
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const auto socket = folder / "socket";
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refusal(socket), "not_a_file: socket is a socket, not a file");
  ::close(fd);
}

TEST_F(RegularFileTest, a_descriptor_of_a_pipe_is_not_adopted) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(RegularFile::adopt(ends[0], "p").error().code, "not_a_file");
  EXPECT_EQ(::close(ends[0]), -1) << "it was taken over, and closed";
  ::close(ends[1]);
}

TEST_F(RegularFileTest, links_are_followed_or_refused_and_loops_end) {
  write("a.txt", "content");
  fs::create_symlink("a.txt", folder / "link");
  fs::create_symlink("loop2", folder / "loop1");
  fs::create_symlink("loop1", folder / "loop2");
  EXPECT_EQ(refusal(folder / "link"), "opened");
  EXPECT_EQ(refusal(folder / "link", Links::refused), "not_a_file: link is a symbolic link, not a file");
  EXPECT_EQ(refusal(folder / "loop1"), "not_a_file: loop1 is a symbolic link that leads nowhere");
}

TEST_F(RegularFileTest, what_is_not_there_is_told_without_its_folders) {
  const auto file = RegularFile::open(folder / "nothing");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, "no_file");
  EXPECT_EQ(file.error().message, "nothing does not exist");
  EXPECT_EQ(file.error().where, (folder / "nothing").string());
}

TEST_F(RegularFileTest, a_change_is_seen_and_another_file_of_the_name_is_another) {
  const auto path = write("a.txt", "content");
  const auto file = RegularFile::open(path);
  EXPECT_TRUE(file->unchanged());
  EXPECT_EQ(file->identity(), identity_of(path));
  fs::rename(write("b.txt", "content"), path);
  EXPECT_NE(file->identity(), identity_of(path));
  write("a.txt", "longer content");
  EXPECT_NE(file->identity(), identity_of(path));
  EXPECT_EQ(identity_of(folder / "nothing"), FileIdentity{});
}

}  // namespace
}  // namespace writ
