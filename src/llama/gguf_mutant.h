// MutantMaker: copies of a GGUF file that were damaged somewhere in the header, or cut, for tests.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "core/scratch_folder.h"

namespace writ::llama {

class MutantMaker {
 public:
  explicit MutantMaker(const std::filesystem::path& original) {
    std::ifstream in(original, std::ios::binary);
    whole_.assign(std::istreambuf_iterator<char>(in), {});
    // Where entries begin: right behind their names is what decides how the rest is read.
    for (const auto* word : {"llama.", "tokenizer.", "general.", "blk.", "token_embd", "output_norm"})
      for (auto at = whole_.find(word); at != std::string::npos; at = whole_.find(word, at + 1)) spots_.push_back(at);
  }

  /// Writes the next mutant and gives its path, the same each time.
  std::filesystem::path write(std::mt19937_64& random) const {
    auto bytes = whole_;
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const auto changes = 1 + below(3);
    for (std::size_t i = 0; i < changes; ++i) {
      const auto spot =
          below(4) == 0 ? below(std::min<std::size_t>(bytes.size(), 1 << 16)) : spots_[below(spots_.size())];
      const auto at = std::min(spot + below(48), bytes.size() - 9);
      switch (below(5)) {
        case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
        case 1: bytes[at] = static_cast<char>(below(256)); break;
        case 2: put(bytes, at, interesting[below(interesting.size())], 8); break;
        case 3: put(bytes, at, interesting[below(interesting.size())], 4); break;
        default: put(bytes, 8 + below(16), interesting[below(interesting.size())], 4); break;  // the two counts
      }
    }
    if (below(10) == 0) bytes.resize(below(bytes.size()));
    const auto path = folder_.path() / "mutant.gguf";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return path;
  }

 private:
  static void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
  }
  static constexpr std::array<std::uint64_t, 14> interesting{0,
                                                             1,
                                                             2,
                                                             3,
                                                             7,
                                                             31,
                                                             255,
                                                             4096,
                                                             100'000,
                                                             0x7FFFFFFF,
                                                             0x80000000,
                                                             0xFFFFFFFF,
                                                             0x7FFFFFFFFFFFFFFF,
                                                             0xFFFFFFFFFFFFFFFF};

  std::string whole_;
  std::vector<std::size_t> spots_;
  ScratchFolder folder_;
};

}  // namespace writ::llama
