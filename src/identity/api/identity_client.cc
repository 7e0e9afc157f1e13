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

Task<Result<Verification>> IdentityClient::exchange(Context c, ExchangeRequest in) {
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

Task<Result<PrincipalInfo>> IdentityClient::set_scopes(Context c, SetScopes in) {
  return b_.call(op::set_scopes, &IdentityPort::set_scopes, std::move(c), std::move(in));
}

Task<Result<Revoked>> IdentityClient::narrow_key(Context c, NarrowKey in) {
  return b_.call(op::narrow_key, &IdentityPort::narrow_key, std::move(c), std::move(in));
}

Task<Result<Revoked>> IdentityClient::remove(Context c, PrincipalRef in) {
  return b_.call(op::remove, &IdentityPort::remove, std::move(c), std::move(in));
}

Task<Result<ApproverCheck>> IdentityClient::check_approver(Context c, ApproverRequest in) {
  return b_.call(op::check_approver, &IdentityPort::check_approver, std::move(c), std::move(in));
}

Task<Result<RevocationPage>> IdentityClient::revocations(Context c, ListRevocations in) {
  return b_.call(op::revocations, &IdentityPort::revocations, std::move(c), std::move(in));
}

Task<Result<Jwks>> IdentityClient::jwks(Context c, http::Nothing in) {
  return b_.call(op::jwks, &IdentityPort::jwks, std::move(c), std::move(in));
}

}  // namespace writ::identity
