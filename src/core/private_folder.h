// A folder whose files are its owner's alone.
#pragma once

#include <filesystem>
#include <system_error>

namespace writ {

/// Makes the folder, and those above it that are missing; the folder itself is for its owner only. One that is there
/// keeps the rights it has. Returns whether it was made.
inline bool make_private_folder(const std::filesystem::path& folder, std::error_code& error) {
  if (!std::filesystem::create_directories(folder, error)) return false;
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  return true;
}

}  // namespace writ
