// ScratchFolder: a new folder for one test, gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/assert.h"

namespace writ::sql {

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

 private:
  std::filesystem::path path_;
};

}  // namespace writ::sql
