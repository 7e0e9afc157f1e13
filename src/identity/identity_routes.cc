#include "identity/identity.h"

namespace writ::identity {

http::Routes identity_routes(http::Invoker& invoker, IdentityPort& port) {
  http::Routes routes(invoker);
  routes.add(op::token, port, &IdentityPort::token);
  routes.add(op::issue, port, &IdentityPort::issue);
  routes.add(op::verify, port, &IdentityPort::verify);
  routes.add(op::revoke, port, &IdentityPort::revoke);
  routes.add(op::create_key, port, &IdentityPort::create_key);
  routes.add(op::set_scopes, port, &IdentityPort::set_scopes);
  routes.add(op::narrow_key, port, &IdentityPort::narrow_key);
  routes.add(op::remove, port, &IdentityPort::remove);
  routes.add(op::exchange, port, &IdentityPort::exchange);
  routes.add(op::resolve, port, &IdentityPort::resolve);
  routes.add(op::check_approver, port, &IdentityPort::check_approver);
  routes.add(op::revocations, port, &IdentityPort::revocations);
  routes.add(op::jwks, port, &IdentityPort::jwks);
  return routes;
}

}  // namespace writ::identity
