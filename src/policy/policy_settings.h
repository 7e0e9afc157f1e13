// Settings of policy-engine.
#pragma once

#include "settings/setting.h"

namespace writ::policy {

struct PolicySettings {
  std::optional<std::filesystem::path> constitution;
  std::optional<std::filesystem::path> signers;
  std::optional<Secret> key_secret;
  Seconds grant_life{120};
  Seconds reservation_life{900};
  Seconds refresh{5};
  Millis checkpoint_every{10'000};

  static constexpr auto settings() {
    using namespace writ::settings;
    using S = PolicySettings;
    return std::tuple(
        setting("WRIT_POLICY_CONSTITUTION", &S::constitution, path(), unset,
                "The signed constitution; <data>/policy/constitution.json when unset."),
        setting("WRIT_POLICY_SIGNERS", &S::signers, path(), unset,
                "JWKS of the keys that may sign constitutions; <data>/policy/signers.json when unset."),
        setting("WRIT_POLICY_KEY_SECRET", &S::key_secret, secret(32), unset,
                "Encrypts the key ring of grants and checkpoints at rest; `writ init` makes one in the data folder for "
                "local runs.",
                "256 bits"),
        setting("WRIT_POLICY_GRANT_LIFE", &S::grant_life, duration(Seconds{5}, Seconds{600}), "2m",
                "How long a grant may be used.", "it must outlive a full queue at the callee"),
        setting("WRIT_POLICY_RESERVATION_LIFE", &S::reservation_life, duration(Seconds{30}, Seconds{86'400}), "15m",
                "How long an unsettled reservation holds its tokens.", "longer than the longest model call"),
        setting("WRIT_POLICY_REFRESH", &S::refresh, duration(Millis{100}, Seconds{3600}), "5s",
                "How often the constitution file is looked at."),
        setting("WRIT_POLICY_CHECKPOINT_EVERY", &S::checkpoint_every, duration(Millis{100}, Seconds{3600}), "10s",
                "How often the heads of the audit chains are signed.",
                "what follows the last checkpoint can be cut unseen"));
  }
};

}  // namespace writ::policy
