// What must hold before a model is loaded: a CPU that can run the compiled code, and files that are the ones we know.
#pragma once

#include <filesystem>

#include "llama/cpu.h"
#include "slm/model_registry.h"

namespace writ::slm {

/// Errors: unavailable (cpu_features_missing), with the features and how to fix it.
[[nodiscard]] Status check_cpu(const llama::CpuFeatures& required, const llama::CpuFeatures& available);

/// Compares SHA-256 of the model's files. A file that was right once is not read again while its size and time of change
/// stay the same: `state_folder`/verified.json remembers (made when it is missing; what cannot be written is only slower).
/// Blocks: 0.3 s for 100 MB when it has to read. Errors: invalid (model_corrupt) with how to fix it;
/// the message names the file, `where` its path.
[[nodiscard]] Status check_files(const ModelSpec& model, const std::filesystem::path& state_folder);
/// The same for files that are open.
[[nodiscard]] Status check_files(const ModelSpec& model, const llama::ModelSource& source,
                                 const std::filesystem::path& state_folder);

}  // namespace writ::slm
