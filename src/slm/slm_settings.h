// Settings of slm-service.
#pragma once

#include "settings/setting.h"

namespace writ::slm {

struct SlmSettings {
  std::optional<std::filesystem::path> models_dir, cache;
  std::vector<std::string> models;
  std::optional<std::string> default_model;
  bool preload = true;
  std::int32_t slots = 4, context = 2048, threads = 0, batch = 128, shared_batch = 32;
  std::uint32_t queue = 64;

  static constexpr auto settings() {
    using namespace writ::settings;
    using S = SlmSettings;
    return std::tuple(
        setting(
            "WRIT_MODELS_DIR", &S::models_dir, path(), unset,
            "Folder with registry.json, our adapters and templates; without it the one this binary was built beside."),
        setting("WRIT_SLM_CACHE", &S::cache, path(), unset,
                "Folder with the base models that set-up downloaded; without it the one this binary was built with."),
        setting("WRIT_SLM_MODELS", &S::models, writ::settings::list(0, 256), unset,
                "More models to serve: GGUF files, folders of them, or ids of registry.json. A file's id is its name "
                "without .gguf.",
                "each is loaded when it is first asked for and then stays in memory"),
        setting("WRIT_SLM_DEFAULT_MODEL", &S::default_model, writ::settings::text(1, 128), unset,
                "Id of the model that answers when a request names none; without it the registry's default.",
                "the longest model id of a request"),
        setting("WRIT_SLM_PRELOAD", &S::preload, flag(), "true",
                "Load the default model at the start, not at its first request."),
        setting("WRIT_SLM_SLOTS", &S::slots, integer(1, 64), "4", "Answers of one model that are generated together.",
                "on CPUs more answers at once are slower than a queue"),
        setting("WRIT_SLM_CONTEXT", &S::context, integer(256, 131'072), "2048",
                "Tokens of prompt and answer together, for each slot.", "memory is reserved for all slots"),
        setting("WRIT_SLM_THREADS", &S::threads, integer(0, 256), "0",
                "Compute threads of a model; 0 is one less than there are cores.",
                "more than there are cores only wait for one another"),
        setting("WRIT_SLM_BATCH", &S::batch, integer(64, 4096), "128",
                "Tokens computed in one step when one request is at work.",
                "at least one for each slot; a step is how long a new request or a cancellation waits"),
        setting("WRIT_SLM_SHARED_BATCH", &S::shared_batch, integer(1, 4096), "32",
                "Prompt tokens computed in one step when several requests are at work.",
                "a long prompt delays the other answers by one such step at a time"),
        setting("WRIT_SLM_QUEUE", &S::queue, integer(1, 10'000), "64",
                "Requests of one model that may wait for a slot; more are refused.",
                "who waits longer than its deadline is not answered anyway"));
  }
};

}  // namespace writ::slm
