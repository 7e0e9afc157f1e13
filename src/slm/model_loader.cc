#include "slm/model_loader.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "slm/memory_room.h"
#include "slm/model_trial.h"
#include "slm/start_checks.h"

namespace writ::slm {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WRIT_UNLIMITED_TRIAL
#endif
#endif
/// A sanitizer's shadow memory counts as data of the process.
Bytes trial_memory(std::optional<Bytes> available) {
#ifdef WRIT_UNLIMITED_TRIAL
  (void)available;
  return {};
#else
  constexpr std::int64_t at_least = 256LL << 20;  // the program itself and its threads
  return available ? Bytes{std::max(at_least, available->value)} : Bytes{};
#endif
}

Bytes size_of(const llama::ModelSource& source) {
  return Bytes{source.gguf.file().identity().size + (source.adapter ? source.adapter->file().identity().size : 0)};
}

std::int32_t at_most(std::int32_t tokens, std::optional<std::int64_t> most) {
  return most && *most > 0 ? static_cast<std::int32_t>(std::min<std::int64_t>(tokens, *most)) : tokens;
}

}  // namespace

Status ModelLoader::try_first(const ModelSpec& spec, const llama::ModelSource& source,
                              const llama::EngineLimits& limits, const std::function<bool()>& give_up) {
  const auto available = memory_available();
  WRIT_CHECK(check_memory(source, limits, available));
  if (!spec.checksums.empty()) return check_files(spec, source, state_folder_);
  auto key = trial_key(source, limits, program_);
  if (trials_.has(key)) return {};
  const auto began = std::chrono::steady_clock::now();
  WRIT_CHECK(try_model(program_, source, limits,
                       {.memory = trial_memory(available), .patience = trial_patience(size_of(source))}, give_up));
  log_.info("model_tried", {{"model", spec.id}, {"took_ms", std::chrono::steady_clock::now() - began}});
  trials_.add(std::move(key));
  return {};
}

Result<ModelLoader::Loaded> ModelLoader::load(const ModelSpec& spec, llama::EngineLimits limits,
                                              const std::function<bool()>& give_up) {
  WRIT_TRY(const auto source, llama::ModelSource::open(spec.files));
  const auto asked = limits.context_tokens;
  if (spec.context) limits.context_tokens = at_most(limits.context_tokens, spec.context->value);
  limits.context_tokens = at_most(limits.context_tokens, source.gguf.header().hyperparameter("context_length"));
  if (limits.context_tokens < asked)
    log_.warn("context_capped",
              {{"model", spec.id}, {"asked_tokens", asked}, {"context_tokens", limits.context_tokens}});
  WRIT_CHECK(try_first(spec, source, limits, give_up));
  if (!source.unchanged())
    return fail(invalid("model_changed", fmt::format("the files of model {} are being written to", spec.id)));
  WRIT_TRY(auto model, llama::Model::load(source));
  if (model->chat_template() == nullptr)
    return fail(invalid("no_chat_template", "the file holds no chat template: choose an instruct or chat model"));
  return Loaded{.model = std::move(model), .limits = limits};
}

}  // namespace writ::slm
