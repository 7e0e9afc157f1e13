// ModelRegistry: which models are served, where their files are, and what is known of them. Fixed at the start.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/units.h"
#include "llama/model.h"

namespace writ::slm {

/// One model that can be asked for.
struct ModelSpec {
  struct Checksum {
    std::filesystem::path file;
    std::string sha256;  // hex
  };
  std::string id;
  llama::ModelFiles files{};
  bool is_default = false;
  std::optional<Tokens> context{};  // the longest conversation it is meant for; nothing: what its file says
  std::string licence{};            // "" where it is not known
  std::vector<Checksum> checksums{};  // of the files that the registry knows
};

struct RegistryOptions {
  std::filesystem::path models_dir;               // holds registry.json
  std::optional<std::filesystem::path> cache;     // holds base models that set-up downloaded
  std::vector<std::string> more{};                // GGUF files, folders of them, or ids of registry.json
  std::optional<std::string> default_model{};
};

class ModelRegistry {
 public:
  /// Looks at the files' names and first bytes only.
  /// Errors: invalid (models_unusable), with every problem and how to fix it; the message holds them all.
  [[nodiscard]] static Result<ModelRegistry> open(const RegistryOptions& options);

  /// The default one first; exactly one is it.
  [[nodiscard]] const std::vector<ModelSpec>& models() const { return models_; }
  /// "" is the default model. Null when there is none of that id.
  [[nodiscard]] const ModelSpec* find(std::string_view id) const;
  [[nodiscard]] const ModelSpec& default_model() const { return models_.front(); }

 private:
  explicit ModelRegistry(std::vector<ModelSpec> models) : models_(std::move(models)) {}
  std::vector<ModelSpec> models_;
};

}  // namespace writ::slm
