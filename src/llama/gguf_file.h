// GgufFile: the file of a model or an adapter, opened without waiting and looked at before llama.cpp reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/regular_file.h"
#include "core/units.h"

namespace writ::llama {

enum class GgufKind { model, adapter };

/// One entry of the header's metadata: of a number its value, of an array how many, of text the beginning.
struct GgufValue {
  std::uint32_t type = 0;          // GGUF's; of an array that of its elements
  bool is_array = false;
  std::uint64_t count = 1;         // of an array's elements
  std::optional<double> number{};  // a scalar's, or the largest of a short array
  double sum = 0;                  // of a short array of numbers
  std::string text{};              // the first bytes of a string
  std::uint64_t text_size = 0;     // all its bytes
};

struct GgufHeader {
  std::string architecture;  // "llama"
  std::map<std::string, GgufValue, std::less<>> values;
  std::uint64_t tensors = 0;
  std::uint64_t tensor_bytes = 0;

  /// `<architecture>.<name>`, where it is a number (of an array the largest).
  [[nodiscard]] std::optional<std::int64_t> hyperparameter(std::string_view name) const;
  /// What the attention cache takes for one token, at 16 bits a value; nothing where the architecture keeps no such cache
  /// or a smaller one.
  [[nodiscard]] std::optional<Bytes> cache_bytes_per_token() const;
};

/// Magic, version, counts, lengths, types, hyperparameters and the places of all tensors are within bounds and within the
/// file. It says nothing about whether llama.cpp knows the architecture or the tensors fit it.
class GgufFile {
 public:
  /// Errors: not_found (model_file_missing, adapter_file_missing), invalid (model_unreadable, adapter_unreadable,
  /// adapter_mismatch: a GGUF that is no adapter), unavailable (unreadable). Messages name no folder; `where` is the path.
  /// Source: docs/decisions/0015-model-files.md
  [[nodiscard]] static Result<GgufFile> open(const std::filesystem::path& path, GgufKind kind);
  /// The same for a descriptor that is open; it is taken over.
  [[nodiscard]] static Result<GgufFile> adopt(int fd, std::string name, GgufKind kind);

  [[nodiscard]] const RegularFile& file() const { return file_; }
  [[nodiscard]] const GgufHeader& header() const { return header_; }

 private:
  GgufFile(RegularFile file, GgufHeader header) : file_(std::move(file)), header_(std::move(header)) {}
  [[nodiscard]] static Result<GgufFile> inspect(Result<RegularFile> file, GgufKind kind);
  RegularFile file_;
  GgufHeader header_;
};

}  // namespace writ::llama
