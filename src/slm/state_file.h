// What slm-service remembers between starts, a small JSON file each. It is only a shortcut: without it a start is slower.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "core/file_descriptor.h"
#include "core/json.h"
#include "core/private_folder.h"
#include "core/regular_file.h"
#include "schema/codec.h"

namespace writ::slm {

inline constexpr std::size_t state_bytes_max = 1UL << 20U;

/// An empty State where the file is missing, is not ours, or is no file.
template <class State>
[[nodiscard]] State read_state(const std::filesystem::path& path) {
  const auto file = RegularFile::open(path, Links::refused);
  if (!file) return {};
  const auto text = file->read_all(state_bytes_max);
  const auto parsed = text ? parse_json(*text) : Result<json::value>(fail(text.error()));
  if (!parsed) return {};
  return schema::decode<State>(*parsed, {.unknown = schema::Unknown::ignore}).value_or(State{});
}

/// Whole or not at all; what cannot be written is left. A new file each time, so that a link in its place is not followed.
template <class State>
void write_state(const std::filesystem::path& path, const State& state) {
  std::error_code error;
  if (!std::filesystem::is_directory(path.parent_path().parent_path(), error)) return;  // there is no data folder (yet)
  make_private_folder(path.parent_path(), error);
  auto fresh = path.string() + ".XXXXXX";
  const int fd = ::mkstemp(fresh.data());
  if (fd < 0) return;
  const auto text = to_text(schema::encode(state)) + "\n";
  const bool written = write_all(fd, text);
  ::close(fd);
  if (written) std::filesystem::rename(fresh, path, error);
  if (!written || error) std::filesystem::remove(fresh, error);
}

}  // namespace writ::slm
