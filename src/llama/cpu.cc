#include "llama/cpu.h"

#include <algorithm>
#include <iterator>

namespace writ::llama {

CpuFeatures required_features() {
  CpuFeatures features;
  std::string_view rest = WRIT_LLAMA_CPU_FEATURES;  // recorded when the archives were built: "avx,avx2,…"
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    features.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return features;
}

CpuFeatures available_features() {
  CpuFeatures features;
#if defined(__x86_64__)
  // The builtin wants literals, and also asks whether the kernel saves the wide registers.
#define WRIT_CPU_FEATURE(name) \
  if (__builtin_cpu_supports(name)) features.emplace_back(name)
  WRIT_CPU_FEATURE("sse3");
  WRIT_CPU_FEATURE("ssse3");
  WRIT_CPU_FEATURE("sse4.1");
  WRIT_CPU_FEATURE("sse4.2");
  WRIT_CPU_FEATURE("popcnt");
  WRIT_CPU_FEATURE("avx");
  WRIT_CPU_FEATURE("f16c");
  WRIT_CPU_FEATURE("fma");
  WRIT_CPU_FEATURE("lzcnt");
  WRIT_CPU_FEATURE("bmi");
  WRIT_CPU_FEATURE("bmi2");
  WRIT_CPU_FEATURE("avx2");
  WRIT_CPU_FEATURE("avxvnni");
  WRIT_CPU_FEATURE("avx512f");
  WRIT_CPU_FEATURE("avx512cd");
  WRIT_CPU_FEATURE("avx512bw");
  WRIT_CPU_FEATURE("avx512dq");
  WRIT_CPU_FEATURE("avx512vl");
  WRIT_CPU_FEATURE("avx512vbmi");
  WRIT_CPU_FEATURE("avx512vbmi2");
  WRIT_CPU_FEATURE("avx512vnni");
  WRIT_CPU_FEATURE("avx512bitalg");
  WRIT_CPU_FEATURE("avx512vpopcntdq");
  WRIT_CPU_FEATURE("avx512ifma");
  WRIT_CPU_FEATURE("avx512bf16");
#undef WRIT_CPU_FEATURE
#endif
  return features;
}

CpuFeatures missing_cpu_features(const CpuFeatures& required, const CpuFeatures& available) {
  CpuFeatures missing;
  std::ranges::copy_if(required, std::back_inserter(missing), [&](const std::string& feature) {
    return std::ranges::find(available, feature) == available.end();
  });
  return missing;
}

}  // namespace writ::llama
