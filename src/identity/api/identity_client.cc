#include "identity/api/identity_port.h"

// Not in the header: everybody who knows the port would compile its calls over HTTP once more.

namespace writ::identity {

Task<Result<TokenResponse>> IdentityClient::token(Context c, TokenRequest in) {
  return b_.call(op::token, &IdentityPort::token, std::move(c), std::move(in));
}

Task<Result<TokenResponse>> IdentityClient::issue(Context c, IssueRequest in) {
  return b_.call(op::issue, &IdentityPort::issue, std::move(c), std::move(in));
}

Task<Result<Verification>> IdentityClient::verify(Context c, VerifyRequest in) {
  return b_.call(op::verify, &IdentityPort::verify, std::move(c), std::move(in));
}

Task<Result<Verification>> IdentityClient::exchange(Context c, VerifyRequest in) {
  return b_.call(op::exchange, &IdentityPort::exchange, std::move(c), std::move(in));
}

Task<Result<Revoked>> IdentityClient::revoke(Context c, RevokeRequest in) {
  return b_.call(op::revoke, &IdentityPort::revoke, std::move(c), std::move(in));
}

Task<Result<CreatedKey>> IdentityClient::create_key(Context c, CreateKey in) {
  return b_.call(op::create_key, &IdentityPort::create_key, std::move(c), std::move(in));
}

Task<Result<Resolution>> IdentityClient::resolve(Context c, ResolveRequest in) {
  return b_.call(op::resolve, &IdentityPort::resolve, std::move(c), std::move(in));
}

Task<Result<RevocationPage>> IdentityClient::revocations(Context c, ListRevocations in) {
  return b_.call(op::revocations, &IdentityPort::revocations, std::move(c), std::move(in));
}

Task<Result<Jwks>> IdentityClient::jwks(Context c, http::Nothing in) {
  return b_.call(op::jwks, &IdentityPort::jwks, std::move(c), std::move(in));
}

}  // namespace writ::identity
