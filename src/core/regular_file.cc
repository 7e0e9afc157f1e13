#include "core/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace writ {
namespace {

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

FileIdentity read_identity(const struct stat& is) {
  return {.device = is.st_dev,
          .inode = is.st_ino,
          .size = is.st_size,
          .modified = nanoseconds(is.st_mtim),
          .changed = nanoseconds(is.st_ctim)};
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "a device";
}

std::unexpected<Error> at(const std::filesystem::path& path, Error error) {
  error.where = path.string();
  return fail(std::move(error));
}

std::unexpected<Error> cannot_open(const std::filesystem::path& path, Links links, int reason) {
  const auto name = path.filename().string();
  if (reason == ENOENT || reason == ENOTDIR) return at(path, not_found("no_file", name + " does not exist"));
  if (reason == ELOOP && links == Links::refused)
    return at(path, invalid("not_a_file", name + " is a symbolic link, which is not followed here"));
  if (reason == ELOOP) return at(path, invalid("not_a_file", name + " is a symbolic link that leads nowhere"));
  if (reason == ENXIO) return at(path, invalid("not_a_file", name + " is a socket or a device, not a file"));
  return at(path,
            unavailable("unreadable", fmt::format("{} cannot be read: {}", name, std::strerror(reason)), std::nullopt));
}

}  // namespace

Result<RegularFile> RegularFile::open(const std::filesystem::path& path, Links links) {
  // Without waiting: opening a FIFO would otherwise last until somebody writes to it, some devices act when they are opened.
  struct stat before{};
  const int flags = links == Links::refused ? AT_SYMLINK_NOFOLLOW : 0;
  if (::fstatat(AT_FDCWD, path.c_str(), &before, flags) != 0) return cannot_open(path, links, errno);
  if (!S_ISREG(before.st_mode))
    return at(path, invalid("not_a_file",
                            fmt::format("{} is {}, not a file", path.filename().string(), kind_of(before.st_mode))));
  const int fd =
      ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | (links == Links::refused ? O_NOFOLLOW : 0));
  if (fd < 0) return cannot_open(path, links, errno);
  auto file = adopt(fd, path.filename().string());
  if (!file) file.error().where = path.string();
  return file;
}

Result<RegularFile> RegularFile::adopt(int fd, std::string name) {
  struct stat is{};
  const bool known = ::fstat(fd, &is) == 0;
  RegularFile file(fd, std::move(name), read_identity(is));  // closes it on every path
  if (!known) return fail(unavailable("unreadable", file.name_ + " cannot be read", std::nullopt));
  if (!S_ISREG(is.st_mode))
    return fail(invalid("not_a_file", fmt::format("{} is {}, not a file", file.name_, kind_of(is.st_mode))));
  return file;
}

bool RegularFile::unchanged() const {
  struct stat now{};
  return ::fstat(fd_.get(), &now) == 0 && read_identity(now) == identity_;
}

Result<std::size_t> RegularFile::read(std::span<char> into, std::int64_t offset) const {
  std::size_t have = 0;
  while (have < into.size()) {
    const auto got =
        ::pread(fd_.get(), into.data() + have, into.size() - have, offset + static_cast<std::int64_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(
          unavailable("unreadable", fmt::format("{} cannot be read: {}", name_, std::strerror(errno)), std::nullopt));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

Result<std::string> RegularFile::read_all(std::size_t bytes_max) const {
  // One byte more than was there tells of a file that grows meanwhile.
  std::string content(std::min(bytes_max, static_cast<std::size_t>(identity_.size)) + 1, '\0');
  WRIT_TRY(const auto size, read(content, 0));
  if (size > bytes_max)
    return fail(
        Error{ErrorKind::too_large, "file_too_large", fmt::format("{} is larger than {} bytes", name_, bytes_max)});
  content.resize(size);
  return content;
}

FileIdentity identity_of(const std::filesystem::path& path) {
  struct stat is{};
  return ::stat(path.c_str(), &is) == 0 ? read_identity(is) : FileIdentity{};
}

}  // namespace writ
