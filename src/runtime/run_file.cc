#include "runtime/run_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "core/json.h"

namespace writ::runtime {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

std::unexpected<Error> not_writable(const std::filesystem::path& file, int error) {
  return fail(unavailable("data_not_writable",
                          fmt::format("{}: {}: make the folder writable for this user or set WRIT_DATA_DIR to another",
                                      file.string(), reason(error)),
                          std::nullopt));
}

std::optional<RunInfo> read_info(int fd) {
  std::array<char, 1024> bytes{};  // an address is short
  const auto size = ::pread(fd, bytes.data(), bytes.size(), 0);
  if (size <= 0) return std::nullopt;
  const auto value = parse_json({bytes.data(), static_cast<std::size_t>(size)});
  if (!value || !value->is_object()) return std::nullopt;
  const auto* pid = value->as_object().if_contains("pid");
  const auto address = text_at(value->as_object(), "address");
  if (pid == nullptr || !pid->is_int64() || address.empty()) return std::nullopt;
  return RunInfo{.pid = pid->as_int64(), .address = std::string(address)};
}

}  // namespace

Result<RunFile> RunFile::take(std::filesystem::path file, const RunInfo& info) {
  constexpr int attempts = 8;  // each is lost only to a server that ends in this very moment
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return not_writable(file, errno);
    RunFile taken("", fd);  // closes on every path; the name is added when the file is ours
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return not_writable(file, errno);
      const auto other = read_info(fd);
      const auto who =
          other ? fmt::format("{} (process {})", other->address, other->pid) : std::string("another process");
      return fail(conflict(
          "already_running",
          fmt::format("{} runs on this data folder already: use it, stop it, or set WRIT_DATA_DIR to another", who)));
    }
    struct stat opened{};
    if (::fstat(fd, &opened) != 0 || opened.st_nlink == 0) continue;  // its last owner removed it after our open
    const auto text = to_text(json::object{{"pid", info.pid}, {"address", info.address}}) + "\n";
    if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
      return not_writable(file, errno);
    taken.file_ = std::move(file);
    return taken;
  }
  return fail(conflict("already_running", "other processes start and stop on this data folder: try again"));
}

RunFile::~RunFile() {
  if (fd_ < 0) return;
  if (!file_.empty()) ::unlink(file_.c_str());
  ::close(fd_);  // after the removal: who gets the lock now sees that the file has gone
}

std::optional<RunInfo> find_running(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return std::nullopt;
  std::optional<RunInfo> info;
  // A lock that can be had means that nobody runs.
  if (::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) info = read_info(fd);
  ::close(fd);
  return info;
}

}  // namespace writ::runtime
