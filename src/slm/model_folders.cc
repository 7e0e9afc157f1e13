#include "slm/model_folders.h"

namespace writ::slm {

RegistryOptions registry_options(const SlmSettings& settings) {
  return {.models_dir = settings.models_dir.value_or(WRIT_DEFAULT_MODELS_DIR),
          .cache = settings.cache.value_or(WRIT_DEFAULT_SLM_CACHE),
          .more = settings.models,
          .default_model = settings.default_model};
}

}  // namespace writ::slm
