#include "gateway/gateway_routes.h"

namespace writ::gateway {
namespace {

void add_runs(http::Routes& routes, GatewayPort& port) {
  routes.add(op::start_session, port, &GatewayPort::start_session);
  routes.add(op::post_message, port, &GatewayPort::post_message);
  routes.add(op::session, port, &GatewayPort::session);
  routes.add(op::run, port, &GatewayPort::run);
  routes.add(op::events, port, &GatewayPort::events);
  routes.add(op::cancel, port, &GatewayPort::cancel);
  routes.add(op::approve, port, &GatewayPort::approve);
  routes.add(op::deny, port, &GatewayPort::deny);
  routes.add(op::retry, port, &GatewayPort::retry);
  routes.add(op::done, port, &GatewayPort::done);
  routes.add(op::reviews, port, &GatewayPort::reviews);
  routes.add(op::audit, port, &GatewayPort::audit);
  routes.add(op::verify_audit, port, &GatewayPort::verify_audit);
  routes.add(op::watch_audit_verification, port, &GatewayPort::watch_audit_verification);
  routes.add(op::export_audit, port, &GatewayPort::export_audit);
  routes.add(op::audit_head, port, &GatewayPort::audit_head);
  routes.add(op::budget, port, &GatewayPort::budget);
}

void add_models(http::Routes& routes, openai::OpenAiDoor& door, Inference& inference) {
  routes.add_raw(openai::op::chat, [&door](Context ctx, http::RawRequest request) {
    return door.chat(std::move(ctx), std::move(request));
  });
  routes.add(openai::op::models, door, &openai::OpenAiDoor::models);
  routes.add(openai::op::model, door, &openai::OpenAiDoor::model);
  routes.add(op::infer, inference, &Inference::infer);
}

void add_identity(http::Routes& routes, TokenEndpoint& token, identity::IdentityPort& port) {
  using identity::IdentityPort;
  routes.add_raw(identity::op::token.info, [&token](Context ctx, http::RawRequest request) {
    return token.handle(std::move(ctx), std::move(request));
  });
  routes.add(identity::op::issue, port, &IdentityPort::issue);
  routes.add(identity::op::verify, port, &IdentityPort::verify);
  routes.add(identity::op::revoke, port, &IdentityPort::revoke);
  routes.add(identity::op::create_key, port, &IdentityPort::create_key);
  routes.add(identity::op::set_scopes, port, &IdentityPort::set_scopes);
  routes.add(identity::op::narrow_key, port, &IdentityPort::narrow_key);
  routes.add(identity::op::remove, port, &IdentityPort::remove);
  routes.add(identity::op::jwks, port, &IdentityPort::jwks);
}

}  // namespace

http::Routes gateway_routes(http::Invoker& invoker, Doors doors) {
  http::Routes routes(invoker);
  add_runs(routes, doors.gateway);
  add_models(routes, doors.openai, doors.inference);
  add_identity(routes, doors.token, doors.identity);
  return routes;
}

}  // namespace writ::gateway
