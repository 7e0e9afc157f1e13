// RunFile: how other commands find a running server: <data>/run.json with its pid and address, locked while it runs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "core/result.h"

namespace writ::runtime {

struct RunInfo {
  std::int64_t pid = 0;
  std::string address;  // "http://127.0.0.1:8080"
  bool operator==(const RunInfo&) const = default;
};

/// Held by the server. The kernel releases the lock when the process dies, so that a file left behind deceives nobody.
class RunFile {
 public:
  /// Makes the file (mode 0600) in an existing folder. Errors: conflict (already_running) with the other's address,
  /// unavailable (data_not_writable), each with how to fix it.
  [[nodiscard]] static Result<RunFile> take(std::filesystem::path file, const RunInfo& info);

  RunFile(RunFile&& other) noexcept : file_(std::move(other.file_)), fd_(std::exchange(other.fd_, -1)) {}
  RunFile& operator=(RunFile&&) = delete;
  /// Removes the file.
  ~RunFile();

 private:
  RunFile(std::filesystem::path file, int fd) : file_(std::move(file)), fd_(fd) {}
  std::filesystem::path file_;
  int fd_;
};

/// The server that holds the file now; nothing when none does.
[[nodiscard]] std::optional<RunInfo> find_running(const std::filesystem::path& file);

}  // namespace writ::runtime
