// TokenEndpoint: RFC 6749's token endpoint in front of identity: forms and JSON, HTTP Basic, and the RFC's error shape.
#pragma once

#include "gateway/gateway_metrics.h"
#include "http/reply.h"
#include "identity/api/identity_port.h"

namespace writ::gateway {

class TokenEndpoint {
 public:
  TokenEndpoint(identity::IdentityPort& identity, const GatewayProbe& probe) : identity_(identity), probe_(probe) {}

  /// Refusals of the client's request are answers here: {"error", "error_description"}. Errors: what is no fault of the
  /// client (unavailable, deadline, internal).
  [[nodiscard]] Task<Result<http::RawResponse>> handle(Context ctx, http::RawRequest request);

 private:
  identity::IdentityPort& identity_;
  const GatewayProbe& probe_;
};

/// The request in either encoding. Credentials come by HTTP Basic or in the body, not both (RFC 6749 section 2.3);
/// a parameter without a value is absent, an unknown one is ignored, one that stands twice is refused (section 3.2).
/// Errors: invalid (invalid_request), unauthenticated (invalid_client), unsupported_media.
[[nodiscard]] Result<identity::TokenRequest> read_token_request(const http::RequestHead& head, std::string_view body);

}  // namespace writ::gateway
