#include "sql/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <string>
#include <system_error>

namespace writ::sql {
namespace {

std::string reason(int code) { return std::system_category().message(code); }

/// " by process 123", or nothing when the holder has not written its pid.
std::string holder(int fd) {
  std::array<char, 24> text{};
  const auto got = ::pread(fd, text.data(), text.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < got && std::isdigit(static_cast<unsigned char>(text.at(static_cast<std::size_t>(i)))) != 0;
       ++i)
    digits += text.at(static_cast<std::size_t>(i));
  return digits.empty() ? digits : " by process " + digits;
}

}  // namespace

Result<LockFile> LockFile::take(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(unavailable("data_not_writable",
                            "cannot write " + file.string() + ": " + reason(errno) +
                                "; make the folder writable or choose another data folder",
                            {}));
  LockFile lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return fail(unavailable("data_not_writable", "cannot lock " + file.string() + ": " + reason(errno), {}));
    return fail(conflict("data_in_use", "the data beside " + file.string() + " is in use" + holder(fd) +
                                            "; stop that process or choose another data folder"));
  }
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return fail(unavailable("storage_full", "cannot write " + file.string() + ": " + reason(errno), {}));
  return lock;
}

LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);  // also releases the lock
}

}  // namespace writ::sql
