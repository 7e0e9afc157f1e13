#include "app/peers.h"

#include <algorithm>

namespace writ::app {
namespace {

const std::optional<settings::Url>& url_of(const settings::SharedSettings& shared, Role role) {
  switch (role) {
    case Role::identity: return shared.identity_url;
    case Role::policy: return shared.policy_url;
    case Role::recall: return shared.recall_url;
    case Role::slm: return shared.slm_url;
    case Role::orchestrator: return shared.orchestrator_url;
    case Role::gateway: return shared.gateway_url;
  }
  return shared.gateway_url;
}

std::string variable_of(Role role) {
  std::string name = "WRIT_";
  for (char c : info(role).name) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name + "_URL";
}

/// The link to identity is made before the credentials that come over it; for the token endpoint it needs none.
class LateCredentials final : public http::CredentialSource {
 public:
  explicit LateCredentials(const std::unique_ptr<identity::ServiceCredentials>& source) : source_(source) {}
  Task<Result<std::string>> service_token(Context ctx, std::string_view audience) override {
    return source_->service_token(std::move(ctx), audience);
  }
  Task<Result<std::string>> principal_token(Context ctx, std::string_view audience) override {
    return source_->principal_token(std::move(ctx), audience);
  }

 private:
  const std::unique_ptr<identity::ServiceCredentials>& source_;
};

}  // namespace

template <class Port>
Result<http::Binding<Port>> Peers::bind(Role role, Port* local) {
  if (local != nullptr) return http::Binding<Port>(*invokers_.at(role), caller_, *local);
  const auto& url = url_of(settings_->shared, role);
  if (!url)
    return fail(invalid("no_url", variable_of(role) + " is not set: this process does not run " +
                                      std::string(info(role).service) + " itself and must know where it is"));
  WRIT_TRY(auto client, http::Client::create(url->str()));
  auto& link = links_[role];
  link.client = std::move(client);
  link.remote = std::make_unique<http::Remote>(*link.client, *late_credentials_, *own_, std::string(info(role).name));
  return http::Binding<Port>(*own_, caller_, *link.remote);
}

Result<std::unique_ptr<Peers>> Peers::make(std::string caller, const AllSettings& settings, const LocalPorts& local,
                                           const std::map<Role, http::Invoker*>& invokers, http::Invoker& own,
                                           Secret client_secret, identity::PrincipalTokens& tokens, const Clock& clock,
                                           std::vector<Role> needed) {
  auto out = std::make_unique<Peers>();
  out->caller_ = std::move(caller);
  out->settings_ = &settings;
  out->invokers_ = invokers;
  out->own_ = &own;
  out->late_credentials_ = std::make_unique<LateCredentials>(out->credentials_);
  const auto needs = [&](Role role) { return std::ranges::find(needed, role) != needed.end(); };
  WRIT_TRY(auto identity_binding, out->bind(Role::identity, local.identity));
  out->identity_ = std::make_unique<identity::IdentityClient>(std::move(identity_binding));
  out->credentials_ = std::make_unique<identity::ServiceCredentials>(*out->identity_, tokens, out->caller_,
                                                                     std::move(client_secret), clock);
  if (needs(Role::policy)) {
    WRIT_TRY(auto binding, out->bind(Role::policy, local.policy));
    out->policy_ = std::make_unique<policy::PolicyClient>(std::move(binding));
  }
  if (needs(Role::recall)) {
    WRIT_TRY(auto binding, out->bind(Role::recall, local.recall));
    out->recall_ = std::make_unique<recall::RecallClient>(std::move(binding));
  }
  if (needs(Role::slm)) {
    WRIT_TRY(auto binding, out->bind(Role::slm, local.slm));
    out->slm_ = std::make_unique<slm::SlmClient>(std::move(binding));
  }
  if (needs(Role::orchestrator)) {
    WRIT_TRY(auto binding, out->bind(Role::orchestrator, local.orchestrator));
    out->orchestrator_ = std::make_unique<orchestrator::OrchestratorClient>(std::move(binding));
  }
  return out;
}

}  // namespace writ::app
