// Peers: how one service reaches another, in this process or over HTTP, and the credentials it shows.
#pragma once

#include <map>
#include <memory>

#include "app/all_settings.h"
#include "app/role.h"
#include "http/binding.h"
#include "identity/api/service_credentials.h"
#include "orchestrator/api/orchestrator_port.h"
#include "policy/api/policy_port.h"
#include "recall/api/recall_port.h"
#include "slm/api/slm_port.h"

namespace writ::app {

/// The ports that this process performs itself; null where another process does.
struct LocalPorts {
  identity::IdentityPort* identity = nullptr;
  policy::PolicyPort* policy = nullptr;
  recall::RecallPort* recall = nullptr;
  slm::SlmPort* slm = nullptr;
  orchestrator::OrchestratorPort* orchestrator = nullptr;
};

/// The clients of one caller. What is not in this process is reached at its URL.
class Peers {
 public:
  /// invoker_of: the callee's invoker in this process. own: the caller's, for outbound calls.
  /// Errors: invalid (no_url) naming the variable, (bad_url).
  [[nodiscard]] static Result<std::unique_ptr<Peers>> make(std::string caller, const AllSettings& settings,
                                                           const LocalPorts& local,
                                                           const std::map<Role, http::Invoker*>& invokers,
                                                           http::Invoker& own, Secret client_secret,
                                                           identity::PrincipalTokens& tokens, const Clock& clock,
                                                           std::vector<Role> needed);

  [[nodiscard]] identity::IdentityPort& identity() { return *identity_; }
  [[nodiscard]] policy::PolicyPort& policy() { return *policy_; }
  [[nodiscard]] recall::RecallPort& recall() { return *recall_; }
  [[nodiscard]] slm::SlmPort& slm() { return *slm_; }
  [[nodiscard]] orchestrator::OrchestratorPort& orchestrator() { return *orchestrator_; }

 private:
  struct Link {
    std::unique_ptr<http::Client> client;
    std::unique_ptr<http::Remote> remote;
  };
  template <class Port>
  [[nodiscard]] Result<http::Binding<Port>> bind(Role role, Port* local);

  std::string caller_;
  const AllSettings* settings_ = nullptr;
  std::map<Role, http::Invoker*> invokers_;
  http::Invoker* own_ = nullptr;
  std::map<Role, Link> links_;
  std::unique_ptr<http::CredentialSource> late_credentials_;
  std::unique_ptr<identity::ServiceCredentials> credentials_;
  std::unique_ptr<identity::IdentityClient> identity_;
  std::unique_ptr<policy::PolicyClient> policy_;
  std::unique_ptr<recall::RecallClient> recall_;
  std::unique_ptr<slm::SlmClient> slm_;
  std::unique_ptr<orchestrator::OrchestratorClient> orchestrator_;
};

}  // namespace writ::app
