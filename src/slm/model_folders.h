// Where models are looked for: the settings, and the folders that the binary was built with where they say nothing.
#pragma once

#include "slm/model_registry.h"
#include "slm/slm_settings.h"

namespace writ::slm {

[[nodiscard]] RegistryOptions registry_options(const SlmSettings& settings);

}  // namespace writ::slm
