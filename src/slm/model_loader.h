// ModelLoader: the one way to a loaded model: look at its files, compare checksums, see that memory suffices, try, load.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "observability/log.h"
#include "slm/model_registry.h"
#include "slm/remembered_trials.h"

namespace writ::slm {

class ModelLoader {
 public:
  struct Loaded {
    std::unique_ptr<llama::Model> model;
    llama::EngineLimits limits;  // what was asked for, with no more context than the model was trained for
  };

  /// state_folder: where it remembers what was right. program: performs `model-trial`.
  ModelLoader(std::filesystem::path state_folder, std::filesystem::path program, const observability::Logger& log)
      : state_folder_(std::move(state_folder)), program_(std::move(program)), trials_(state_folder_), log_(log) {}

  /// A model whose checksums the registry knows is not tried; another one is, once for each version of its files.
  /// Blocks: two loads, or one. give_up: asked while a trial lasts. Thread: any.
  /// Errors: those of the look, the checksum, the trial and the load; invalid (no_chat_template, model_changed).
  /// Source: docs/decisions/0015-model-files.md
  [[nodiscard]] Result<Loaded> load(const ModelSpec& spec, llama::EngineLimits limits,
                                    const std::function<bool()>& give_up);

 private:
  [[nodiscard]] Status try_first(const ModelSpec& spec, const llama::ModelSource& source,
                                 const llama::EngineLimits& limits, const std::function<bool()>& give_up);

  const std::filesystem::path state_folder_, program_;
  RememberedTrials trials_;
  const observability::Logger& log_;
};

}  // namespace writ::slm
