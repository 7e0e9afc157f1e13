// Settings of the orchestrator.
#pragma once

#include "settings/setting.h"

namespace writ::orchestrator {

struct OrchestratorSettings {
  Millis lease{30'000};
  Seconds review_expiry{72 * 3600};
  std::int64_t active_runs_max = 1000;
  std::int64_t principal_watches = 100, tenant_watches = 1000;
  std::vector<std::string> capsules;
  std::optional<Secret> content_key;
#ifdef WRIT_FAIL_POINTS
  std::optional<std::filesystem::path> journal;
#endif

  static constexpr auto settings() {
    using namespace writ::settings;
    using S = OrchestratorSettings;
    return std::tuple(
        setting("WRIT_ORCHESTRATOR_LEASE", &S::lease, duration(Millis{1000}, Seconds{600}), "30s",
                "How long a worker keeps a run without a sign of life.",
                "shorter than a slow disk's pause would take runs from living workers"),
        setting("WRIT_ORCHESTRATOR_REVIEW_EXPIRY", &S::review_expiry, duration(Seconds{1}, Seconds{90 * 86'400}), "72h",
                "A review that nobody answers is denied after this.", "a weekend is 64 hours"),
        setting("WRIT_ORCHESTRATOR_ACTIVE_RUNS", &S::active_runs_max, integer(1, 100'000), "1000",
                "Runs that are driven at once; the others wait their turn.", "each holds its conversation in memory"),
        setting("WRIT_ORCHESTRATOR_PRINCIPAL_WATCHES", &S::principal_watches, integer(1, 100'000), "100",
                "Event streams that one principal has open at once.", "each holds a connection and a queue"),
        setting("WRIT_ORCHESTRATOR_TENANT_WATCHES", &S::tenant_watches, integer(1, 1'000'000), "1000",
                "Event streams that one tenant has open at once.", "no tenant takes all connections"),
        setting("WRIT_ORCHESTRATOR_CAPSULES", &S::capsules, list(0, 16), unset, "Folders with more capsules, *.json."),
        setting("WRIT_ORCHESTRATOR_CONTENT_KEY", &S::content_key, secret(32), unset,
                "Encrypts the keys of stored content; `writ init` makes one in the data folder for local runs.",
                "256 bits")
#ifdef WRIT_FAIL_POINTS
            ,
        setting("WRIT_ORCHESTRATOR_JOURNAL", &S::journal, path(), unset,
                "File of the tool journal, which only test builds have.")
#endif
    );
  }
};

}  // namespace writ::orchestrator
