// Everything outsiders reach, in one list: the gateway's own operations, OpenAI's, and identity's public ones.
#pragma once

#include "gateway/api/gateway_port.h"
#include "gateway/infer.h"
#include "gateway/openai_chat.h"
#include "gateway/token_endpoint.h"

namespace writ::gateway {

struct Doors {
  GatewayPort& gateway;
  openai::OpenAiDoor& openai;
  Inference& inference;
  TokenEndpoint& token;
  identity::IdentityPort& identity;
};
/// The doors outlive the routes.
[[nodiscard]] http::Routes gateway_routes(http::Invoker& invoker, Doors doors);

}  // namespace writ::gateway
