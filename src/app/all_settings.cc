#include "app/all_settings.h"

namespace writ::app {

settings::Catalogue catalogue() {
  settings::Catalogue out;
  out.add<settings::SharedSettings>("shared");
  out.add<runtime::RuntimeSettings>("runtime");
  out.add<gateway::GatewaySettings>("gateway");
  out.add<orchestrator::OrchestratorSettings>("orchestrator");
  out.add<policy::PolicySettings>("policy");
  out.add<identity::IdentitySettings>("identity");
  out.add<slm::SlmSettings>("slm");
  // What set-up, tests and test builds read.
  for (auto name : {"WRIT_API_KEY", "WRIT_JOBS", "WRIT_DEPS", "WRIT_FAIL_POINT", "WRIT_FAIL_POINT_LOG",
                    "WRIT_PAUSE_POINTS", "WRIT_ERROR_POINTS", "WRIT_CLOCK_STEP"})
    out.for_scripts(name);
  return out;
}

ReadSettings read_settings(const settings::Environment& environment) {
  settings::Reader reader(environment);
  ReadSettings out{.settings = {.shared = reader.read<settings::SharedSettings>(),
                                .runtime = reader.read<runtime::RuntimeSettings>(),
                                .gateway = reader.read<gateway::GatewaySettings>(),
                                .orchestrator = reader.read<orchestrator::OrchestratorSettings>(),
                                .policy = reader.read<policy::PolicySettings>(),
                                .identity = reader.read<identity::IdentitySettings>(),
                                .slm = reader.read<slm::SlmSettings>()},
                   .problems = reader.problems(),
                   .warnings = {}};
  auto findings = catalogue().check(environment);
  out.problems.insert(out.problems.end(), findings.problems.begin(), findings.problems.end());
  out.warnings = std::move(findings.warnings);
  return out;
}

}  // namespace writ::app
