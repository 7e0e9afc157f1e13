// Mutants of a real model's file: each is refused or is a sound header, and looking at it ends soon.
#include "llama/gguf_file.h"

#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "llama/gguf_mutant.h"
#include "llama/test_model.h"

namespace writ::llama {
namespace {

TEST(GgufMutants, each_is_refused_or_sound_and_never_slow) {
  const MutantMaker maker(test_model_files().gguf);
  std::mt19937_64 random(20'261'130);  // fixed: a failure comes back
  int sound = 0;
  constexpr int mutants = 1500;
  for (int i = 0; i < mutants; ++i) {
    const auto path = maker.write(random);
    const auto began = std::chrono::steady_clock::now();
    const auto file = GgufFile::open(path, GgufKind::model);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20)) << "mutant " << i;
    if (!file) {
      EXPECT_EQ(file.error().code, "model_unreadable") << i;
      EXPECT_EQ(file.error().message.find(path.parent_path().string()), std::string::npos) << i;
      continue;
    }
    ++sound;
    EXPECT_LE(file->header().tensor_bytes, static_cast<std::uint64_t>(file->file().identity().size)) << i;
    EXPECT_LE(*file->header().hyperparameter("block_count"), 512) << i;
  }
  EXPECT_GT(sound, 0);
  EXPECT_LT(sound, mutants);
}

}  // namespace
}  // namespace writ::llama
