// slm-service: inference with local models under grants. README.md tells what it owns.
#pragma once

#include "runtime/service.h"
#include "slm/slm_service.h"
#include "slm/slm_settings.h"

namespace writ::slm {

struct Deps {
  SlmSettings settings;
  std::filesystem::path state_folder;  // <data>/slm; remembers which model files were checked
  std::filesystem::path trial_program = "/proc/self/exe";  // performs `model-trial`: see model_trial.h
  std::function<std::shared_ptr<const crypto::KeySet>()>
      grant_keys;  // policy's; a snapshot, null while they are not known
  observability::Registry& registry;
  http::Invoker& invoker;
  const observability::Logger& log;
  const Clock& clock;
  Random& random;
};

/// The service and the object that performs its port; the port lives as long as the service's owner.
struct Made {
  runtime::Service service;
  SlmService& port;
};
/// Its start fails where the CPU lacks a feature, a setting names no model, or a model's file is missing or damaged.
[[nodiscard]] Made make_service(Deps deps);

/// Its operations under their rules.
[[nodiscard]] http::Routes slm_routes(http::Invoker& invoker, SlmPort& port);

}  // namespace writ::slm
