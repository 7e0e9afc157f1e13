// TemporaryFolder: a folder of one command's own, which goes with the object.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "core/result.h"

namespace writ::cli {

class TemporaryFolder {
 public:
  /// Errors: unavailable (data_not_writable).
  [[nodiscard]] static Result<TemporaryFolder> make() {
    std::error_code error;
    auto name = (std::filesystem::temp_directory_path(error) / "writ-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr)
      return fail(unavailable("data_not_writable", "cannot make a temporary folder: set TMPDIR to a writable one",
                              std::nullopt));
    return TemporaryFolder(std::move(name));
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code left;  // what cannot be removed stays in the system's folder for such things
    if (!path_.empty()) std::filesystem::remove_all(path_, left);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace writ::cli
