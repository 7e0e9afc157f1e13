// RegularFile: a file opened for reading that is certain to be one: no FIFO, device, socket or folder, and never waited for.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/file_descriptor.h"
#include "core/result.h"

namespace writ {

/// Which content a name stood for at one moment: two that are equal are the same file, not written to in between.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0;  // bytes
  std::int64_t modified = 0, changed = 0;  // ns since 1970, of content and of content or attributes
  auto operator<=>(const FileIdentity&) const = default;
};

enum class Links { followed, refused };

class RegularFile {
 public:
  /// Errors: not_found (no_file); invalid (not_a_file) with what it is instead, also a loop of links, or a link where they
  /// are refused; unavailable (unreadable). Messages name the file without its folders; `where` is the whole path.
  [[nodiscard]] static Result<RegularFile> open(const std::filesystem::path& path, Links links = Links::followed);
  /// Takes over a descriptor that is open already. Errors: as open().
  [[nodiscard]] static Result<RegularFile> adopt(int fd, std::string name);

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The last part of its path.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// As it was when it was opened.
  [[nodiscard]] const FileIdentity& identity() const { return identity_; }
  /// Whether it is still as it was when it was opened.
  [[nodiscard]] bool unchanged() const;
  /// Reads from `offset` into the buffer; gives how many bytes there were, fewer only at the end of the file.
  /// Errors: unavailable (unreadable).
  [[nodiscard]] Result<std::size_t> read(std::span<char> into, std::int64_t offset) const;
  /// All of it. Errors: too_large (file_too_large), unavailable (unreadable).
  [[nodiscard]] Result<std::string> read_all(std::size_t bytes_max) const;

 private:
  RegularFile(int fd, std::string name, FileIdentity identity) : fd_(fd), name_(std::move(name)), identity_(identity) {}
  FileDescriptor fd_;
  std::string name_;
  FileIdentity identity_;
};

/// What the path names now, after its links; all zero where there is nothing. Opens nothing.
[[nodiscard]] FileIdentity identity_of(const std::filesystem::path& path);

}  // namespace writ
