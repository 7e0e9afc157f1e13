#include "app/platform.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include <fmt/format.h>

#include "app/default_bundle.h"
#include "app/description.h"
#include "core/assert.h"
#include "identity/identity.h"
#include "orchestrator/orchestrator.h"
#include "policy/constitution.h"
#include "policy/policy.h"
#include "recall/recall.h"
#include "runtime/file_limit.h"
#include "slm/slm.h"
#include "sql/sqlite.h"

namespace writ::app {

struct Platform::Unit {
  Unit(Role role, const std::string& env)
      : registry(std::string(info(role).service), std::string(version), env), invoker(registry) {}
  observability::Registry registry;
  http::Invoker invoker;
};

namespace {

std::size_t loop_count(const AllSettings& settings) {
  if (settings.runtime.loops > 0) return settings.runtime.loops;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64);
}

std::string process_name(const std::optional<Role>& only) { return only ? std::string(info(*only).service) : "writ"; }

}  // namespace

Platform::Platform(PlatformOptions options)
    : options_(std::move(options)),
      data_(options_.settings.shared.data_dir),
      log_(process_name(options_.only),
           observability::level_named(options_.settings.shared.log_level).value_or(observability::Level::info)),
      loops_(std::make_unique<async::Loops>(loop_count(options_.settings))),
      registry_("writ", std::string(version), options_.settings.shared.env),
      verifier_(system_clock()),
      tokens_(system_clock()) {}

Platform::~Platform() {
  // Coroutines of the services run on the loops and end before what they use.
  loops_->stop();
  host_.reset();
}

Result<std::unique_ptr<Platform>> Platform::make(PlatformOptions options) {
  std::unique_ptr<Platform> out(new Platform(std::move(options)));
  WRIT_CHECK(out->build());
  return out;
}

Platform::Unit& Platform::unit(Role role) {
  auto& made = units_[role];
  if (!made) {
    made = std::make_unique<Unit>(role, options_.settings.shared.env);
    invokers_[role] = &made->invoker;
  }
  return *made;
}

Result<Secret> Platform::secret(const std::optional<Secret>& given, std::string_view purpose) const {
  if (given) return *given;
  return data_.secret(purpose);
}

Result<std::unique_ptr<sql::Database>> Platform::open(Role role, sql::Migrations migrations) const {
  return sql::open_sqlite(data_.database(info(role).name), std::move(migrations));
}

Result<Peers*> Platform::peers_for(Role role, std::vector<Role> needed) {
  auto& made = peers_[role];
  if (!made) {
    // Alone in its process, a service shows the client secret that the environment or the data folder gives it.
    WRIT_TRY(auto client_secret,
             options_.only ? secret(options_.settings.shared.client_secret, "client-" + std::string(info(role).name))
                           : data_.client_secret(info(role).name));
    WRIT_TRY(made, Peers::make(std::string(info(role).name), options_.settings, local_, invokers_, unit(role).invoker,
                               std::move(client_secret), tokens_, system_clock(), std::move(needed)));
  }
  return made.get();
}

void Platform::add(runtime::Service service) {
  for (const auto& routes : service.routes)
    for (const auto& route : routes.all()) operations_.push_back(row_of(service.name, route));
  services_.push_back(std::move(service));
}

json::object Platform::describe() const {
  std::vector<const observability::MetricInfo*> metrics;
  for (const auto& [role, unit] : units_)
    for (const auto* row : unit->registry.infos()) metrics.push_back(row);
  return {{"version", version},
          {"audit_kinds", audit_kind_rows()},
          {"settings", catalogue().describe()},
          {"operations", operations_},
          {"metrics", observability::describe(std::span<const observability::MetricInfo* const>(metrics))},
          {"errors", error_rows()}};
}

Status Platform::build() {
  for (const auto& row : roles)
    if (has(row.role)) (void)unit(row.role);
  if (has(Role::identity)) WRIT_CHECK(add_identity());
  if (has(Role::policy)) WRIT_CHECK(add_policy());
  WRIT_CHECK(add_trust());
  if (has(Role::recall)) WRIT_CHECK(add_recall());
  if (has(Role::slm)) WRIT_CHECK(add_slm());
  if (has(Role::orchestrator)) WRIT_CHECK(add_orchestrator());
  if (has(Role::gateway)) WRIT_CHECK(add_gateway());
  return build_host();
}

// Where the address is reached from decides what is checked there.
Result<http::ServerOptions> Platform::server_options() const {
  const auto& shared = options_.settings.shared;
  const auto& runtime = options_.settings.runtime;
  for (const auto& origin : runtime.origins)
    if (!http::is_origin(origin))
      return fail(invalid("bad_setting", "WRIT_HTTP_ORIGINS: \"" + origin +
                                             "\" is no origin: give scheme, host and perhaps port, such as "
                                             "https://app.example.com"));
  const bool is_loopback = http::is_loopback_host(shared.bind);
  http::ServerOptions out{.bind = shared.bind,
                          .port = shared.port,
                          .limits = {.connections_max = runtime.connections,
                                     .peer_connections_max = std::min(runtime.peer_connections, runtime.connections)},
                          .browser = {.is_loopback = is_loopback, .hosts = runtime.hosts, .origins = runtime.origins}};
  const bool is_for_outsiders = has(Role::gateway) && !is_loopback;
  const bool is_bounded = runtime.metrics_from == "auto" ? is_for_outsiders : runtime.metrics_from == "this_machine";
  out.operators = is_bounded ? http::Operators::this_machine : http::Operators::anywhere;
  const auto wanted = runtime.connections + out.limits.reserve * loops_->size() + runtime::files_beside;
  if (const auto had = runtime::raise_file_limit(wanted); had < wanted) {
    constexpr std::size_t least = 16;
    const auto beside = wanted - runtime.connections;
    out.limits.connections_max = had > beside + least ? had - beside : least;
    log_.warn("file_limit_low", {{"limit", had},
                                 {"wanted", wanted},
                                 {"connections", out.limits.connections_max},
                                 {"fix",
                                  "raise the hard limit of open files (ulimit -Hn, LimitNOFILE), or lower "
                                  "WRIT_HTTP_CONNECTIONS"}});
  }
  if (!is_loopback)
    log_.warn("reachable_from_outside",
              {{"bind", shared.bind},
               {"metrics_from", is_bounded ? "this_machine" : "anywhere"},
               {"note", "whoever reaches this address can ask; keep it behind a firewall or a proxy that speaks TLS"}});
  return out;
}

// At the gateway's address outsiders come, at a service's own address only services.
Status Platform::build_host() {
  using Kind = http::Exposure::Kind;
  const auto& shared = options_.settings.shared;
  std::vector<Kind> exposures{Kind::ops};
  if (has(Role::gateway)) {
    exposures.push_back(Kind::public_);
    WRIT_TRY(auto* peers, peers_for(Role::gateway, {}));
    failed_authentications_ =
        std::make_unique<identity::FailedAuthentications>(unit(Role::gateway).registry, log_, system_clock());
    authentication_audit_ = std::make_unique<AuthenticationAudit>(*failed_authentications_, peers->policy(), log_,
                                                                  system_clock(), system_random());
    authenticator_ = std::make_unique<identity::PublicAuthenticator>(verifier_, peers->identity(),
                                                                     options_.only ? &tokens_ : nullptr, system_clock(),
                                                                     failed_authentications_.get());
  } else {
    exposures.push_back(Kind::internal);
    // The gateway forwards identity's public operations, so identity's own address serves them to it.
    if (has(Role::identity)) exposures.push_back(Kind::public_);
    authenticator_ =
        std::make_unique<identity::ServiceAuthenticator>(verifier_, std::string(info(*options_.only).name));
  }
  WRIT_TRY(auto server, server_options());
  server.admission = admission_;
  runtime::HostOptions host{.env = shared.env,
                            .server = std::move(server),
                            .exposures = std::move(exposures),
                            .run_file = {},
                            .stop_grace = options_.settings.runtime.stop_grace,
                            .stop_patience = options_.settings.runtime.stop_patience};
  if (options_.announce && !options_.only) host.run_file = data_.run_file();
  // Alone in its process, a service's registry is the process's too.
  auto& registry = options_.only ? unit(*options_.only).registry : registry_;
  host_ = std::make_unique<runtime::Host>(std::move(host), *loops_, *authenticator_, registry, log_);
  for (auto& service : services_) host_->add(std::move(service));
  services_.clear();
  return {};
}

Status Platform::add_identity() {
  WRIT_TRY(auto database, open(Role::identity, identity::identity_migrations()));
  WRIT_TRY(auto key, secret(options_.settings.identity.jwt_secret, "identity"));
  WRIT_TRY(auto bootstrap, read_bootstrap(options_.settings.identity.bootstrap_file.value_or(data_.bootstrap_file())));
  auto& u = unit(Role::identity);
  auto made = identity::make_service({.database = std::move(database),
                                      .settings = options_.settings.identity,
                                      .key_encryption_key = std::move(key),
                                      .bootstrap = std::move(bootstrap),
                                      .registry = u.registry,
                                      .invoker = u.invoker,
                                      .policy = [this]() -> policy::PolicyPort& { return trust_peers_->policy(); },
                                      .log = log_,
                                      .clock = system_clock(),
                                      .random = system_random()});
  local_.identity = &made.port;
  add(std::move(made.service));
  // Beside the gateway, outsiders reach identity's public operations through it only.
  if (!options_.only) services_.back().routes.clear();
  return {};
}

Status Platform::add_policy() {
  WRIT_TRY(auto database, open(Role::policy, policy::policy_migrations()));
  WRIT_TRY(auto key, secret(options_.settings.policy.key_secret, "policy"));
  auto& u = unit(Role::policy);
  auto made = policy::make_service(
      {.database = std::move(database),
       .settings = options_.settings.policy,
       .files = {.constitution = options_.settings.policy.constitution.value_or(data_.constitution_file()),
                 .signers = options_.settings.policy.signers.value_or(data_.signers_file()),
                 .checkpoints = data_.checkpoints_file()},
       .key_secret = std::move(key),
       .identity_fresh = [this] { return verifier_.fresh(); },
       .holds = [this](const Principal& principal) { return verifier_.holds(principal); },
       .registry = u.registry,
       .invoker = u.invoker,
       .log = log_,
       .clock = system_clock(),
       .random = system_random()});
  local_.policy = &made.port;
  add(std::move(made.service));
  return {};
}

// What this process trusts: identity's keys and revocations, policy's grant keys. Kept fresh in the background; where
// identity is another process, a start does not wait for it, but nothing is served on trust that is not there.
Status Platform::add_trust() {
  const bool needs_grants = has(Role::slm) || has(Role::recall);
  const bool needs_policy = needs_grants || has(Role::identity);  // which tells the audit
  const auto role = options_.only.value_or(Role::gateway);
  WRIT_TRY(auto client_secret, secret(options_.only ? options_.settings.shared.client_secret : std::optional<Secret>(),
                                      "client-" + std::string(info(role).name)));
  WRIT_TRY(trust_peers_, Peers::make(std::string(info(role).name), options_.settings, local_, invokers_,
                                     unit(role).invoker, std::move(client_secret), tokens_, system_clock(),
                                     needs_policy ? std::vector<Role>{Role::policy} : std::vector<Role>{}));
  trust_feed_ = std::make_unique<identity::TrustFeed>(trust_peers_->identity(), verifier_, system_clock(),
                                                      [this] { live_streams_.sweep(); });
  if (needs_grants) grant_keys_ = std::make_unique<policy::GrantKeys>(trust_peers_->policy());
  services_.push_back({.name = "trust",
                       .registry = nullptr,
                       .routes = {},
                       .checks = {{.name = "identity", .status = [this] { return verifier_.fresh(); }}},
                       .start = [this](runtime::Scope scope) { return start_trust(scope); },
                       .drain = {},
                       .flush = [this]() -> Task<Status> { return settle_tasks_.stop(Seconds{5}); },
                       .owner = {}});
  return {};
}

Task<Status> Platform::start_trust(runtime::Scope scope) {
  const auto first = co_await trust_feed_->refresh(Context{}.within(Seconds{2}));
  if (!first && local_.identity != nullptr) co_return fail(first.error());
  WRIT_CO_CHECK(scope.tasks.spawn(scope.loops.at(0), "trust.identity", trust_feed_->run(scope.tasks.stopping())));
  if (authentication_audit_)
    WRIT_CO_CHECK(scope.tasks.spawn(scope.loops.at(0), "trust.authentication_audit",
                                    authentication_audit_->run(scope.tasks.stopping())));
  if (!grant_keys_) co_return Status{};
  const auto keys = co_await grant_keys_->refresh(Context{}.within(Seconds{2}));
  if (!keys && local_.policy != nullptr) co_return fail(keys.error());
  co_return scope.tasks.spawn(scope.loops.at(0), "trust.grant_keys", grant_keys_->run(scope.tasks.stopping()));
}

Status Platform::add_recall() {
  WRIT_TRY(auto database, open(Role::recall, recall::recall_migrations()));
  auto& u = unit(Role::recall);
  auto made = recall::make_service({.database = std::move(database),
                                    .grant_keys = [this] { return grant_keys_->get(); },
                                    .registry = u.registry,
                                    .invoker = u.invoker,
                                    .clock = system_clock()});
  local_.recall = &made.port;
  add(std::move(made.service));
  return {};
}

Status Platform::add_slm() {
  auto& u = unit(Role::slm);
  auto made = slm::make_service({.settings = options_.settings.slm,
                                 .state_folder = data_.root() / "slm",
                                 .grant_keys = [this] { return grant_keys_->get(); },
                                 .registry = u.registry,
                                 .invoker = u.invoker,
                                 .log = log_,
                                 .clock = system_clock(),
                                 .random = system_random()});
  local_.slm = &made.port;
  add(std::move(made.service));
  return {};
}

// One process alone works on a data folder, so all that an earlier one held is over. Apart, a service is known by where it
// listens: no two processes of one host listen there, and a container's host name is its own.
policy::Holder Platform::holder(Role role) const {
  std::array<char, 256> host{};
  if (options_.only && ::gethostname(host.data(), host.size() - 1) != 0) host.front() = '?';
  const auto name = options_.only ? fmt::format("{}@{}:{}", info(role).name, host.data(), options_.settings.shared.port)
                                  : std::string("writ");
  return {.name = name, .life = life_};
}

Status Platform::add_orchestrator() {
  WRIT_TRY(auto* peers, peers_for(Role::orchestrator, {Role::policy, Role::slm, Role::recall}));
  WRIT_TRY(auto database, open(Role::orchestrator, orchestrator::orchestrator_migrations()));
  WRIT_TRY(auto content_key, secret(options_.settings.orchestrator.content_key, "content"));
  auto& u = unit(Role::orchestrator);
  WRIT_TRY(auto made, orchestrator::make_service({.database = std::move(database),
                                                  .settings = options_.settings.orchestrator,
                                                  .temporal_enabled = options_.settings.shared.temporal_enabled,
                                                  .content_key = std::move(content_key),
                                                  .holder = holder(Role::orchestrator),
                                                  .policy = peers->policy(),
                                                  .slm = peers->slm(),
                                                  .recall = peers->recall(),
                                                  .identity = peers->identity(),
                                                  .loops = *loops_,
                                                  .registry = u.registry,
                                                  .invoker = u.invoker,
                                                  .log = log_,
                                                  .clock = system_clock(),
                                                  .random = system_random()}));
  local_.orchestrator = &made.port;
  add(std::move(made.service));
  return {};
}

Status Platform::add_gateway() {
  WRIT_TRY(auto* peers, peers_for(Role::gateway, {Role::policy, Role::slm, Role::orchestrator}));
  chat_ = std::make_unique<governed::Governed>(peers->policy(), peers->slm(), no_tools_, settle_tasks_,
                                               holder(Role::gateway));
  WRIT_TRY(auto rates, policy::rates_in(default_bundle_file("limits.json")));
  WRIT_ASSERT(rates, "the shipped limits say rates");
  auto& u = unit(Role::gateway);
  auto made = gateway::make_service({.settings = options_.settings.gateway,
                                     .built_in_rates = *std::move(rates),
                                     .orchestrator = peers->orchestrator(),
                                     .policy = peers->policy(),
                                     .slm = peers->slm(),
                                     .identity = peers->identity(),
                                     .live_streams = live_streams_,
                                     .governed = *chat_,
                                     .identity_fresh = [this] { return verifier_.fresh(); },
                                     .registry = u.registry,
                                     .invoker = u.invoker,
                                     .log = log_,
                                     .clock = system_clock(),
                                     .random = system_random()});
  openapi_ = &made.documents.openapi();
  admission_ = &made.rates;
  add(std::move(made.service));
  return {};
}

}  // namespace writ::app
