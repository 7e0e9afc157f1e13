// SharedSettings: what every service and command knows.
#pragma once

#include "settings/setting.h"

namespace writ::settings {

struct SharedSettings {
  std::filesystem::path data_dir;
  std::string env, log_level, bind;
  std::uint16_t port = 8080;
  bool temporal_enabled = false;
  std::optional<Secret> client_secret;
  std::optional<Url> gateway_url, orchestrator_url, policy_url, identity_url, slm_url, recall_url, analytics_url;

  static constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warn", "error"};

  static constexpr auto settings() {
    using S = SharedSettings;
    return std::tuple(
        setting("WRIT_DATA_DIR", &S::data_dir, path(), "${XDG_DATA_HOME:-~/.local/share}/writ",
                "Folder of everything that is kept."),
        setting("WRIT_ENV", &S::env, text(1, 32), "local", "Name of the environment, a label of all metrics.",
                "a label of every series"),
        setting("WRIT_LOG_LEVEL", &S::log_level, choice(log_levels), "info",
                "Events below this level are not written."),
        setting("PORT", &S::port, integer(0, 65535), "8080", "TCP port to listen on; 0 takes a free one."),
        setting("WRIT_BIND", &S::bind, text(2, 45), "127.0.0.1", "Address to listen on; 0.0.0.0 in a container.",
                "the longest IPv6 address"),
        setting("TEMPORAL_ENABLED", &S::temporal_enabled, flag(), "false",
                "Run agents on Temporal instead of the embedded engine."),
        setting("WRIT_CLIENT_SECRET", &S::client_secret, secret(16), unset,
                "Secret with which this service gets its tokens from identity; `writ init` makes one for each service.",
                "shorter ones can be guessed"),
        setting("WRIT_GATEWAY_URL", &S::gateway_url, url(), unset, "Where the gateway is, when it is another process."),
        setting("WRIT_ORCHESTRATOR_URL", &S::orchestrator_url, url(), unset,
                "Where the orchestrator is, when it is another process."),
        setting("WRIT_POLICY_URL", &S::policy_url, url(), unset,
                "Where the policy engine is, when it is another process."),
        setting("WRIT_IDENTITY_URL", &S::identity_url, url(), unset,
                "Where the identity service is, when it is another process."),
        setting("WRIT_SLM_URL", &S::slm_url, url(), unset, "Where the model service is, when it is another process."),
        setting("WRIT_RECALL_URL", &S::recall_url, url(), unset,
                "Where the recall service is, when it is another process."),
        setting("WRIT_ANALYTICS_URL", &S::analytics_url, url(), unset,
                "Where the analytics service is, when it is another process."));
  }
};

}  // namespace writ::settings
