#include "cli/gateway_access.h"

#include <cstdlib>

#include "cli/command.h"

namespace writ::cli {

/// The API key stands where a service's token would.
class GatewayAccess::Key final : public http::CredentialSource {
 public:
  explicit Key(Secret key) : key_(std::move(key)) {}
  Task<Result<std::string>> service_token(Context, std::string_view) override { co_return std::string(key_.reveal()); }
  Task<Result<std::string>> principal_token(Context, std::string_view) override {
    co_return fail(internal("a command has no principal token", "cli"));
  }

 private:
  const Secret key_;
};

Result<std::unique_ptr<GatewayAccess>> GatewayAccess::open(app::AllSettings settings, std::string api_key) {
  std::unique_ptr<GatewayAccess> out(new GatewayAccess);
  const app::DataFolder data(settings.shared.data_dir);
  if (api_key.empty())
    if (const char* given = std::getenv("WRIT_API_KEY"); given != nullptr) api_key = given;
  if (!settings.shared.gateway_url) {
    WRIT_TRY(const auto made, data.initialise(std::nullopt, system_clock(), system_random()));
    tell_warnings(made);
    tell_admin_key(made, stderr);
  }
  if (settings.shared.gateway_url) {
    out->address_ = settings.shared.gateway_url->str();
    out->loops_ = std::make_unique<async::Loops>(1);
  } else if (const auto running = runtime::find_running(data.run_file())) {
    out->address_ = running->address;
    out->loops_ = std::make_unique<async::Loops>(1);
  } else {
    settings.shared.port = 0;
    settings.shared.bind = "127.0.0.1";
    if (settings.shared.log_level == "info") settings.shared.log_level = "warn";  // the trace is what a person came for
    WRIT_TRY(out->platform_, app::Platform::make({.settings = std::move(settings), .only = {}, .announce = false}));
    WRIT_CHECK(out->platform_->start());
    out->address_ = out->platform_->address();
  }
  Secret key(std::move(api_key));
  if (key.empty()) { WRIT_TRY(key, data.local_key()); }
  out->registry_ = std::make_unique<observability::Registry>("cli", std::string(app::version), "local");
  out->invoker_ = std::make_unique<http::Invoker>(*out->registry_);
  WRIT_TRY(out->http_, http::Client::create(out->address_));
  out->key_ = std::make_unique<Key>(std::move(key));
  out->remote_ = std::make_unique<http::Remote>(*out->http_, *out->key_, *out->invoker_, "gateway");
  out->client_ = std::make_unique<gateway::GatewayClient>(
      http::Binding<gateway::GatewayPort>(*out->invoker_, "cli", *out->remote_));
  return out;
}

GatewayAccess::~GatewayAccess() {
  client_.reset();
  http_.reset();
  if (platform_) (void)platform_->stop();
}

}  // namespace writ::cli
