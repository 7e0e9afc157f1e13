#include "app/data_privacy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/file_descriptor.h"
#include "core/private_folder.h"
#include "core/regular_file.h"

namespace writ::app {
namespace {

namespace fs = std::filesystem;

constexpr mode_t others_read = S_IRGRP | S_IROTH, others_write = S_IWGRP | S_IWOTH, others_enter = S_IXGRP | S_IXOTH;
constexpr std::size_t secret_bytes_max = 64UL << 10U;  // bootstrap.json has a line for each service
constexpr std::size_t entries_max = 10'000;            // of one folder; ours have a dozen

enum class Holds { secret, trusted, data };  // for nobody else's eyes; for nobody else's hands

class Looker {
 public:
  explicit Looker(fs::path root) : root_(std::move(root)) {}
  std::vector<PrivacyFinding> look() &&;

 private:
  void add(const fs::path& path, std::string message, bool refused) {
    findings_.push_back({path, std::move(message), refused});
  }
  bool owned(const fs::path& path, const struct stat& is);
  void folder(const fs::path& path, const struct stat& is);
  void file(const fs::path& path, Holds holds);
  void files_of(const fs::path& path, Holds holds);

  fs::path root_;
  bool closed_ = false;  // nobody else gets into the data folder
  std::vector<PrivacyFinding> findings_;
};

bool Looker::owned(const fs::path& path, const struct stat& is) {
  const auto self = ::geteuid();
  if (is.st_uid == self || (is.st_uid == 0 && self != 0)) return true;
  // Root may use what is another user's, as in a container; it should know.
  add(path, fmt::format("it belongs to user {}, not to the one that runs writ: chown it to user {}", is.st_uid, self),
      self != 0);
  return false;
}

void Looker::folder(const fs::path& path, const struct stat& is) {
  (void)owned(path, is);
  if ((is.st_mode & others_write) != 0)
    // Where nobody gets in, the folders inside may have what the umask gave them.
    add(path, fmt::format("others can put files into this folder: chmod 700 {}", path.string()), !closed_);
  else if (path == root_ && (is.st_mode & (others_read | others_enter)) != 0)
    add(path, fmt::format("others can look into this folder: chmod 700 {}", path.string()), false);
}

void Looker::file(const fs::path& path, Holds holds) {
  struct stat is{};
  if (::lstat(path.c_str(), &is) != 0) return;
  if (S_ISLNK(is.st_mode))
    return add(path, "it is a symbolic link, which is not followed: put the file itself in its place", true);
  if (!S_ISREG(is.st_mode)) return add(path, "it is no file: remove it", true);
  if (!owned(path, is)) return;
  if ((is.st_mode & others_write) != 0)
    return add(path,
               fmt::format("others can write to it: chmod 600 {}, and make sure that it is still yours", path.string()),
               true);
  if (holds == Holds::secret && (is.st_mode & others_read) != 0)
    add(path,
        fmt::format("others can read this secret: chmod 600 {}, and replace it where they may have", path.string()),
        true);
}

void Looker::files_of(const fs::path& path, Holds holds) {
  struct stat is{};
  if (::lstat(path.c_str(), &is) != 0) return;
  if (S_ISLNK(is.st_mode))
    return add(path, "it is a symbolic link, which is not followed: put the folder itself in its place", true);
  if (!S_ISDIR(is.st_mode)) return add(path, "it is no folder: remove it", true);
  folder(path, is);
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator at(path, error), end; !error && at != end && ++seen < entries_max; at.increment(error))
    if (!at->is_directory(error) || at->is_symlink(error)) file(at->path(), holds);
}

std::vector<PrivacyFinding> Looker::look() && {
  struct stat is{};
  if (::stat(root_.c_str(), &is) != 0 || !S_ISDIR(is.st_mode)) return {};  // not made yet, or told when it is
  closed_ = (is.st_mode & (others_read | others_write | others_enter)) == 0;
  folder(root_, is);
  file(root_ / "local.key", Holds::secret);
  files_of(root_ / "secrets", Holds::secret);
  for (const auto* service : {"identity", "policy", "orchestrator", "recall", "slm"})
    files_of(root_ / service, Holds::trusted);
  file(root_ / "identity" / "bootstrap.json", Holds::secret);
  return std::move(findings_);
}

Error not_writable(const fs::path& path) {
  return unavailable("data_not_writable",
                     fmt::format("cannot write {}: {}; make the folder writable or set WRIT_DATA_DIR to another one",
                                 path.string(), std::strerror(errno)),
                     std::nullopt);
}

}  // namespace

std::vector<PrivacyFinding> privacy_findings(const fs::path& data_folder) { return Looker(data_folder).look(); }

Status refuse_open_data(const std::vector<PrivacyFinding>& findings) {
  std::vector<Problem> problems;
  for (const auto& finding : findings)
    if (finding.refused) problems.push_back({finding.path.string(), finding.message});
  if (problems.empty()) return {};
  auto error = forbidden("data_not_private", "others than its owner can reach what must be private in the data folder");
  error.problems = std::move(problems);
  return fail(std::move(error));
}

Result<std::string> read_private(const fs::path& path) {
  WRIT_TRY(const auto file, RegularFile::open(path, Links::refused));
  struct stat is{};
  if (::fstat(file.fd(), &is) != 0 || (is.st_mode & (others_read | others_write)) != 0)
    return fail(forbidden("data_not_private",
                          fmt::format("others can read or write {}: chmod 600 {}", path.string(), path.string())));
  return file.read_all(secret_bytes_max);
}

Status write_private(const fs::path& path, std::string_view text) {
  std::error_code error;
  make_private_folder(path.parent_path(), error);
  const auto fresh = path.string() + ".new";
  (void)::unlink(fresh.c_str());  // of a start that was cut off
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return fail(not_writable(path));
  const bool ok = write_all(fd, text) && ::fsync(fd) == 0;
  ::close(fd);
  if (!ok || ::rename(fresh.c_str(), path.c_str()) != 0) return fail(not_writable(path));
  return {};
}

}  // namespace writ::app
