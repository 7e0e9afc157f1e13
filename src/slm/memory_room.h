// How much memory this process may still take, and how much a model will.
#pragma once

#include <filesystem>
#include <optional>

#include "core/result.h"
#include "core/units.h"
#include "llama/engine.h"

namespace writ::slm {

/// What the machine has free without swapping, or what the control group leaves of it, whichever is less; nothing where
/// the kernel tells neither. proc, cgroup: the folders where it does.
[[nodiscard]] std::optional<Bytes> memory_available(const std::filesystem::path& proc = "/proc",
                                                    const std::filesystem::path& cgroup = "/sys/fs/cgroup");

/// Tensors and the attention cache of all slots.
[[nodiscard]] Bytes memory_needed(const llama::ModelSource& source, const llama::EngineLimits& limits);

/// Errors: unavailable (model_memory) with both figures and which settings make it smaller.
[[nodiscard]] Status check_memory(const llama::ModelSource& source, const llama::EngineLimits& limits,
                                  std::optional<Bytes> available);

}  // namespace writ::slm
