#include "policy/policy.h"

namespace writ::policy {

http::Routes policy_routes(http::Invoker& invoker, PolicyPort& port) {
  http::Routes routes(invoker);
  routes.add(op::evaluate, port, &PolicyPort::evaluate);
  routes.add(op::inspect, port, &PolicyPort::inspect);
  routes.add(op::settle, port, &PolicyPort::settle);
  routes.add(op::finish, port, &PolicyPort::finish);
  routes.add(op::append_audit, port, &PolicyPort::append_audit);
  routes.add(op::list_audit, port, &PolicyPort::list_audit);
  routes.add(op::verify_audit, port, &PolicyPort::verify_audit);
  routes.add(op::watch_audit_verification, port, &PolicyPort::watch_audit_verification);
  routes.add(op::export_audit, port, &PolicyPort::export_audit);
  routes.add(op::audit_head, port, &PolicyPort::audit_head);
  routes.add(op::budget, port, &PolicyPort::budget);
  routes.add(op::constitution, port, &PolicyPort::constitution);
  routes.add(op::keys, port, &PolicyPort::keys);
  return routes;
}

}  // namespace writ::policy
