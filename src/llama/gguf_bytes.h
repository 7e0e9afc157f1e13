// GgufBytes: makes GGUF files of any header, sound or not, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace writ::llama {

class GgufBytes {
 public:
  enum Type : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };

  template <class Number>
  static std::string raw(Number number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
  }
  static std::string string(std::string_view value) { return raw(std::uint64_t{value.size()}) + std::string(value); }

  GgufBytes& entry(std::string_view key, std::uint32_t type, const std::string& value) {
    values_ += string(key) + raw(type) + value;
    ++value_count;
    return *this;
  }
  GgufBytes& put(std::string_view key, std::string_view value) { return entry(key, text, string(value)); }
  GgufBytes& put(std::string_view key, std::uint32_t value) { return entry(key, u32, raw(value)); }
  GgufBytes& put(std::string_view key, float value) { return entry(key, f32, raw(value)); }
  GgufBytes& strings(std::string_view key, const std::vector<std::string>& list) {
    std::string bytes = raw(std::uint32_t{text}) + raw(std::uint64_t{list.size()});
    for (const auto& one : list) bytes += string(one);
    return entry(key, array, bytes);
  }
  /// F32 unless another type is given; `offset` in the data section.
  GgufBytes& tensor(std::string_view name, const std::vector<std::uint64_t>& shape, std::uint64_t offset,
                    std::uint32_t type = 0) {
    tensors_ += string(name) + raw(static_cast<std::uint32_t>(shape.size()));
    for (const auto length : shape) tensors_ += raw(length);
    tensors_ += raw(type) + raw(offset);
    ++tensor_count;
    return *this;
  }
  /// The file, with so many bytes of data behind its aligned header.
  [[nodiscard]] std::string bytes(std::size_t data = 0) const {
    auto out = std::string("GGUF") + raw(version) + raw(tensor_count) + raw(value_count) + values_ + tensors_;
    out.resize((out.size() + 31) / 32 * 32 + data);
    return out;
  }

  std::uint32_t version = 3;
  std::uint64_t tensor_count = 0, value_count = 0;

 private:
  std::string values_, tensors_;
};

/// A header that passes: one block, one tensor of 32 numbers.
inline GgufBytes small_model() {
  GgufBytes out;
  out.put("general.architecture", "llama").put("llama.block_count", 1U).put("llama.embedding_length", 32U);
  return out;
}

}  // namespace writ::llama
