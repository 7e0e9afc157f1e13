// Settings of gateway-api.
#pragma once

#include "settings/setting.h"

namespace writ::gateway {

struct GatewaySettings {
  std::int64_t max_tokens = 512;

  static constexpr auto settings() {
    using namespace writ::settings;
    using S = GatewaySettings;
    return std::tuple(setting(
        "WRIT_GATEWAY_MAX_TOKENS", &S::max_tokens, integer(1, 32'768), "512",
        "Generated tokens of a chat completion that names no bound; so many are reserved from the tenant's budget.",
        "the largest bound of a model call"));
  }
};

}  // namespace writ::gateway
