#include "llama/cpu.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace writ::llama {
namespace {

TEST(Cpu, missing_features_are_named_in_the_required_order) {
  EXPECT_EQ(missing_cpu_features({"avx", "avx2", "fma"}, {"fma", "sse3"}), (CpuFeatures{"avx", "avx2"}));
}

TEST(Cpu, nothing_is_missing_when_all_is_available) {
  EXPECT_TRUE(missing_cpu_features({"avx", "fma"}, {"fma", "avx", "avx512f"}).empty());
  EXPECT_TRUE(missing_cpu_features({}, {}).empty());
}

TEST(Cpu, a_build_for_this_machine_can_run_on_it) {
  EXPECT_TRUE(missing_cpu_features(required_features(), available_features()).empty());
}

#if defined(__x86_64__)
TEST(Cpu, the_archives_record_what_they_were_compiled_for) {
  const auto required = required_features();
  EXPECT_NE(std::ranges::find(required, "avx2"), required.end())
      << "x86-64-v3 is the least that llama.cpp is built for";
}
#endif

}  // namespace
}  // namespace writ::llama
