// ScratchFolder: a new folder for one test, gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "core/assert.h"

namespace writ {

class ScratchFolder {
 public:
  ScratchFolder() {
    auto text = (std::filesystem::temp_directory_path() / "writ-test-XXXXXX").string();
    WRIT_ASSERT(::mkdtemp(text.data()) != nullptr, "the temporary folder can be written");
    path_ = text;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;  // a left-over in the temporary folder harms nobody
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file, with the folders above it, and gives its path.
  std::filesystem::path write(const std::string& name, std::string_view content) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace writ
