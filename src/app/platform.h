// Platform: the composition root. One process with all services, or with one of them; the same source, the same rules.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "app/all_settings.h"
#include "app/authentication_audit.h"
#include "app/data_folder.h"
#include "app/peers.h"
#include "app/role.h"
#include "gateway/gateway.h"
#include "http/admission.h"
#include "http/authenticator.h"
#include "identity/api/authenticators.h"
#include "identity/api/live_streams.h"
#include "identity/api/trust_feed.h"
#include "policy/api/grant_keys.h"
#include "runtime/host.h"

namespace writ::app {

struct PlatformOptions {
  AllSettings settings;
  std::optional<Role> only;      // nothing: all services in this process
  bool announce = true;          // write <data>/run.json, so that other commands find it
};

class Platform {
 public:
  /// Opens what the services keep and wires them; nothing listens yet. The data folder was initialised.
  /// Errors: conflict (data_in_use), invalid (no_url, bad_capsule, …), not_found (not_initialised), each with the fix.
  [[nodiscard]] static Result<std::unique_ptr<Platform>> make(PlatformOptions options);
  ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  /// Starts the services, then listens. Errors: those of the services; port_taken.
  [[nodiscard]] Status start() { return host_->start(); }
  [[nodiscard]] const std::string& address() const { return host_->address(); }
  [[nodiscard]] Status serve_until(runtime::StopSignals& signals) { return host_->serve_until(signals); }
  [[nodiscard]] Status stop() { return host_->stop(); }
  [[nodiscard]] async::Loops& loops() { return *loops_; }
  /// Version, settings, operations, metrics and error kinds of what is wired here.
  [[nodiscard]] json::object describe() const;
  /// The public door's OpenAPI document; null where the gateway is another process.
  [[nodiscard]] const std::string* openapi() const { return openapi_; }

 private:
  struct Unit;  // registry and invoker of one service
  explicit Platform(PlatformOptions options);
  [[nodiscard]] Status build();
  void add(runtime::Service service);
  [[nodiscard]] bool has(Role role) const { return !options_.only || *options_.only == role; }
  [[nodiscard]] Unit& unit(Role role);
  [[nodiscard]] Result<Peers*> peers_for(Role role, std::vector<Role> needed);
  /// Who reserves tokens for the model calls of this service in this process.
  [[nodiscard]] policy::Holder holder(Role role) const;
  [[nodiscard]] Result<Secret> secret(const std::optional<Secret>& given, std::string_view purpose) const;
  [[nodiscard]] Result<std::unique_ptr<sql::Database>> open(Role role, sql::Migrations migrations) const;
  [[nodiscard]] Status build_host();
  [[nodiscard]] Result<http::ServerOptions> server_options() const;
  [[nodiscard]] Status add_identity();
  [[nodiscard]] Status add_policy();
  [[nodiscard]] Status add_trust();
  [[nodiscard]] Task<Status> start_trust(runtime::Scope scope);
  [[nodiscard]] Status add_recall();
  [[nodiscard]] Status add_slm();
  [[nodiscard]] Status add_orchestrator();
  [[nodiscard]] Status add_gateway();

  PlatformOptions options_;
  const std::string life_ = make_id<CallId>(system_clock().now()).str();  // of this start
  DataFolder data_;
  observability::Logger log_;
  std::unique_ptr<async::Loops> loops_;
  observability::Registry registry_;
  std::map<Role, std::unique_ptr<Unit>> units_;
  std::map<Role, http::Invoker*> invokers_;
  LocalPorts local_;
  identity::TokenVerifier verifier_;
  identity::LiveStreams live_streams_{verifier_};
  std::unique_ptr<identity::FailedAuthentications> failed_authentications_;
  std::unique_ptr<AuthenticationAudit> authentication_audit_;
  identity::PrincipalTokens tokens_;
  std::unique_ptr<Peers> trust_peers_;
  std::map<Role, std::unique_ptr<Peers>> peers_;
  async::TaskGroup settle_tasks_{"settle", 10'000};
  tools::Toolbox no_tools_;  // a direct call's tools are the client's
  std::unique_ptr<governed::Governed> chat_;
  std::unique_ptr<identity::TrustFeed> trust_feed_;
  std::unique_ptr<policy::GrantKeys> grant_keys_;
  const std::string* openapi_ = nullptr;
  http::Admission* admission_ = nullptr;  // of the gateway, where it is here; lives with its service
  json::array operations_;
  std::vector<runtime::Service> services_;
  std::unique_ptr<http::Authenticator> authenticator_;
  std::unique_ptr<runtime::Host> host_;
};

}  // namespace writ::app
