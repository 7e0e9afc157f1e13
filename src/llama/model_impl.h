// The llama.cpp objects of a loaded model; only for this room's sources.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include <llama.h>

#include "llama/model.h"

namespace writ::llama {

struct FreeModel {
  void operator()(llama_model* model) const { llama_model_free(model); }
};

struct Model::Impl {
  std::unique_ptr<llama_model, FreeModel> model;
  const llama_vocab* vocab = nullptr;
  std::uint64_t number = 0;
  llama_adapter_lora* adapter = nullptr;  // the model owns it
  ModelPart part = ModelPart::all;
  ModelInfo info;
  std::optional<ChatTemplate> chat_template;
  std::once_flag vocabulary_made;
  std::optional<Result<grammar::Vocabulary>> vocabulary;
};

}  // namespace writ::llama
