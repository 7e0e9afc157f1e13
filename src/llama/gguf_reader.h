// GgufReader: little-endian numbers and strings of a GGUF file, in order, never beyond its end and never more than is allowed.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/regular_file.h"

namespace writ::llama {

/// After the first thing that does not fit, everything read is zero and problem() says what it was.
class GgufReader {
 public:
  explicit GgufReader(const RegularFile& file) : file_(&file) {}

  template <class Number>
  [[nodiscard]] Number number() {
    std::array<char, sizeof(Number)> bytes{};
    take(bytes);
    Number out{};
    std::memcpy(&out, bytes.data(), sizeof out);
    return out;
  }
  /// A length and so many bytes, which are kept up to `keep_max`. More than `bytes_max` is a problem of `what`.
  [[nodiscard]] std::string string(std::string_view what, std::uint64_t bytes_max, std::size_t keep_max = SIZE_MAX);
  void skip(std::uint64_t bytes, std::string_view what);
  void fail(std::string problem);

  [[nodiscard]] bool ok() const { return !problem_; }
  [[nodiscard]] const std::string& problem() const { return *problem_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t left() const { return size() - position_; }
  [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(file_->identity().size); }

 private:
  void take(std::span<char> into);
  [[nodiscard]] bool fill();

  const RegularFile* file_;
  std::uint64_t position_ = 0;
  std::vector<char> window_;  // of the file, from window_at_
  std::uint64_t window_at_ = 0;
  std::optional<std::string> problem_{};
};

}  // namespace writ::llama
