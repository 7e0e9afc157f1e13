// Which CPU features the compiled model code needs and which the machine has, so that a start can refuse instead of crashing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace writ::llama {

/// Features by the compiler's names in small letters ("avx2", "sse4.2", "avx512vnni"). Empty on other CPUs than x86-64.
using CpuFeatures = std::vector<std::string>;

/// What the llama.cpp archives of this binary were compiled for.
[[nodiscard]] CpuFeatures required_features();
/// What this machine's CPU and kernel offer, of all features that required_features() can name.
[[nodiscard]] CpuFeatures available_features();
/// The members of `required` that `available` lacks, in the order of `required`.
[[nodiscard]] CpuFeatures missing_cpu_features(const CpuFeatures& required, const CpuFeatures& available);

}  // namespace writ::llama
