// GatewayAccess: a running server, or the platform in this process on the same data folder; both are spoken to by HTTP.
#pragma once

#include <memory>

#include "app/platform.h"
#include "gateway/api/gateway_port.h"

namespace writ::cli {

class GatewayAccess {
 public:
  /// The server at WRIT_GATEWAY_URL, else that of the data folder, else it starts the platform on a free port of the
  /// loopback. api_key: when empty that of WRIT_API_KEY, else the developer's (local.key). Errors: those of Platform::make and start.
  [[nodiscard]] static Result<std::unique_ptr<GatewayAccess>> open(app::AllSettings settings, std::string api_key = {});
  ~GatewayAccess();

  [[nodiscard]] gateway::GatewayPort& gateway() { return *client_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] bool own_process() const { return platform_ != nullptr; }
  [[nodiscard]] async::Loops& loops() { return platform_ ? platform_->loops() : *loops_; }

 private:
  class Key;
  GatewayAccess() = default;

  std::unique_ptr<app::Platform> platform_;
  std::unique_ptr<async::Loops> loops_;
  std::string address_;
  std::unique_ptr<observability::Registry> registry_;
  std::unique_ptr<http::Invoker> invoker_;
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<Key> key_;
  std::unique_ptr<http::Remote> remote_;
  std::unique_ptr<gateway::GatewayClient> client_;
};

}  // namespace writ::cli
