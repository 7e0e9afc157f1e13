// identity-service: principals, keys, tokens and revocation. README.md tells what it owns.
#pragma once

#include <functional>

#include "identity/identity_service.h"
#include "observability/log.h"
#include "policy/api/policy_port.h"
#include "runtime/service.h"

namespace writ::identity {

struct Deps {
  std::unique_ptr<sql::Database> database;  // opened with identity_migrations()
  IdentitySettings settings;
  Secret key_encryption_key;
  Bootstrap bootstrap;
  observability::Registry& registry;
  http::Invoker& invoker;
  /// Who keeps the audit; asked for once everything is made.
  std::function<policy::PolicyPort&()> policy;
  const observability::Logger& log;
  const Clock& clock;
  Random& random;
};

/// The service and the object that performs its port; the port lives as long as the service's owner.
struct Made {
  runtime::Service service;
  IdentityService& port;
};
[[nodiscard]] Made make_service(Deps deps);

/// Its operations; the gateway serves the public ones through its own port to identity.
[[nodiscard]] http::Routes identity_routes(http::Invoker& invoker, IdentityPort& port);

}  // namespace writ::identity
