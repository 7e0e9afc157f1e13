// LockFile: at most one process works on a data file; the kernel releases the lock when its holder dies.
#pragma once

#include <filesystem>
#include <utility>

#include "core/result.h"

namespace writ::sql {

class LockFile {
 public:
  /// Errors: conflict (data_in_use) naming the holder's pid where known; unavailable (data_not_writable).
  [[nodiscard]] static Result<LockFile> take(const std::filesystem::path& file);

  LockFile(LockFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  LockFile& operator=(LockFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~LockFile();

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace writ::sql
