// Settings of identity-service.
#pragma once

#include "settings/setting.h"

namespace writ::identity {

struct IdentitySettings {
  Seconds token_life{300};
  std::optional<Secret> jwt_secret;
  std::optional<std::filesystem::path> bootstrap_file;

  static constexpr auto settings() {
    using namespace writ::settings;
    using S = IdentitySettings;
    return std::tuple(
        setting("WRIT_IDENTITY_TOKEN_LIFE", &S::token_life, duration(Seconds{30}, Seconds{3600}), "5m",
                "How long a token holds.", "shorter is a request for each call, longer outlives a change of scopes"),
        setting("WRIT_IDENTITY_JWT_SECRET", &S::jwt_secret, secret(32), unset,
                "Encrypts the key ring at rest; `writ init` makes one in the data folder for local runs.", "256 bits"),
        setting("WRIT_IDENTITY_BOOTSTRAP_FILE", &S::bootstrap_file, path(), unset,
                "Clients and keys that identity seeds itself from; `writ init` writes it."));
  }
};

}  // namespace writ::identity
