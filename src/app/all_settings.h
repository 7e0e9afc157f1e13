// AllSettings: what every service reads from the environment, read at once so that all problems are told together.
#pragma once

#include <vector>

#include "gateway/gateway_settings.h"
#include "identity/identity_settings.h"
#include "orchestrator/orchestrator_settings.h"
#include "policy/policy_settings.h"
#include "runtime/runtime_settings.h"
#include "settings/catalogue.h"
#include "settings/reader.h"
#include "settings/shared_settings.h"
#include "slm/slm_settings.h"

namespace writ::app {

struct AllSettings {
  settings::SharedSettings shared;
  runtime::RuntimeSettings runtime;
  gateway::GatewaySettings gateway;
  orchestrator::OrchestratorSettings orchestrator;
  policy::PolicySettings policy;
  identity::IdentitySettings identity;
  slm::SlmSettings slm;
};

/// Every variable that this binary knows.
[[nodiscard]] settings::Catalogue catalogue();

struct ReadSettings {
  AllSettings settings;
  std::vector<Problem> problems;  // `pointer` is the variable; with any of them nothing starts
  std::vector<Problem> warnings;
};
[[nodiscard]] ReadSettings read_settings(const settings::Environment& environment);

}  // namespace writ::app
