// The port of identity-service and its operations.
#pragma once

#include "http/binding.h"
#include "identity/api/types.h"

namespace writ::identity {

class IdentityPort {
 public:
  virtual ~IdentityPort() = default;
  /// Client credentials. Errors: unauthenticated (invalid_client), invalid (unsupported_grant_type, invalid_scope).
  [[nodiscard]] virtual Task<Result<TokenResponse>> token(Context ctx, TokenRequest in) = 0;
  /// A token for a principal of the caller's tenant. It ends with what it was asked for with, at the latest.
  /// Errors: not_found (no_principal), forbidden (scope_not_granted), unauthenticated (token_revoked, key_revoked).
  [[nodiscard]] virtual Task<Result<TokenResponse>> issue(Context ctx, IssueRequest in) = 0;
  /// Never an error for a bad token: `active` is false.
  [[nodiscard]] virtual Task<Result<Verification>> verify(Context ctx, VerifyRequest in) = 0;
  /// An API key for a principal token of 5 minutes; a principal token, with an audience, for an assertion that the
  /// caller may show there. Errors: unauthenticated (invalid_key, token_revoked, key_revoked, crypto's codes).
  [[nodiscard]] virtual Task<Result<Verification>> exchange(Context ctx, ExchangeRequest in) = 0;
  [[nodiscard]] virtual Task<Result<Revoked>> revoke(Context ctx, RevokeRequest in) = 0;
  /// Errors: forbidden (scope_not_granted), invalid (bad_subject, bad_tenant), unauthenticated as issue().
  [[nodiscard]] virtual Task<Result<CreatedKey>> create_key(Context ctx, CreateKey in) = 0;
  /// Errors: not_found (no_principal), forbidden (scope_not_granted: more than the caller has).
  [[nodiscard]] virtual Task<Result<PrincipalInfo>> set_scopes(Context ctx, SetScopes in) = 0;
  /// Errors: not_found (no_key), forbidden (scope_not_granted: more than the key has).
  [[nodiscard]] virtual Task<Result<Revoked>> narrow_key(Context ctx, NarrowKey in) = 0;
  /// Revokes everything of the principal and forgets its scopes. Errors: not_found (no_principal), forbidden.
  [[nodiscard]] virtual Task<Result<Revoked>> remove(Context ctx, PrincipalRef in) = 0;
  /// Errors: not_found (no_principal), unauthenticated (token_revoked, key_revoked).
  [[nodiscard]] virtual Task<Result<Resolution>> resolve(Context ctx, ResolveRequest in) = 0;
  /// Whether one person may answer another's review: neither made the other, and the approver is still there.
  [[nodiscard]] virtual Task<Result<ApproverCheck>> check_approver(Context ctx, ApproverRequest in) = 0;
  [[nodiscard]] virtual Task<Result<RevocationPage>> revocations(Context ctx, ListRevocations in) = 0;
  [[nodiscard]] virtual Task<Result<Jwks>> jwks(Context ctx, http::Nothing in) = 0;
};

namespace op {
using http::Method;
/// Outsiders reach identity's public operations at the gateway, which alone forwards them.
inline constexpr http::Callers door{{"gateway"}};
inline constexpr http::Callers everybody{{"gateway", "orchestrator", "policy", "slm", "recall", "identity"}};
inline constexpr http::Unary<TokenRequest, TokenResponse> token{
    {.id = "identity.token",
     .method = Method::post,
     .path = "/oauth2/token",
     .summary = "OAuth 2.0 token endpoint: client credentials.",
     .exposure = http::public_door,
     .access = http::open,
     .errors = {{"invalid_client", "unsupported_grant_type", "invalid_scope"}}}};
inline constexpr http::Unary<IssueRequest, TokenResponse> issue{
    {.id = "identity.issue",
     .method = Method::post,
     .path = "/v1/tokens/issue",
     .summary = "Issue a token for a principal of your tenant.",
     .exposure = http::public_door,
     .access = "tokens:issue",
     .callers = door,
     .errors = {{"no_principal", "scope_not_granted", "token_revoked", "key_revoked", "token_chain_too_long"}}}};
inline constexpr http::Unary<VerifyRequest, Verification> verify{{.id = "identity.verify",
                                                                  .method = Method::post,
                                                                  .path = "/v1/tokens/verify",
                                                                  .summary = "Whether a token holds now.",
                                                                  .exposure = http::public_door,
                                                                  .access = "tokens:verify",
                                                                  .callers = door,
                                                                  .repeat = http::Repeat::idempotent}};
inline constexpr http::Unary<RevokeRequest, Revoked> revoke{
    {.id = "identity.revoke",
     .method = Method::post,
     .path = "/v1/tokens/revoke",
     .summary = "Revoke a token, a key, or everything given to a principal.",
     .exposure = http::public_door,
     .access = "tokens:revoke",
     .callers = door,
     .repeat = http::Repeat::idempotent,
     .errors = {{"no_key"}}}};
inline constexpr http::Unary<CreateKey, CreatedKey> create_key{
    {.id = "identity.create_key",
     .method = Method::post,
     .path = "/v1/keys",
     .summary = "Create an API key.",
     .exposure = http::public_door,
     .access = "admin.keys",
     .callers = door,
     .success_status = 201,
     .errors = {{"scope_not_granted", "bad_subject", "bad_tenant"}}}};
inline constexpr http::Unary<NarrowKey, Revoked> narrow_key{{.id = "identity.narrow_key",
                                                             .method = Method::put,
                                                             .path = "/v1/keys/{key_id}/scopes",
                                                             .summary = "Take scopes away from an API key.",
                                                             .exposure = http::public_door,
                                                             .access = "admin.keys",
                                                             .callers = door,
                                                             .repeat = http::Repeat::idempotent,
                                                             .errors = {{"no_key", "scope_not_granted"}}}};
inline constexpr http::Unary<SetScopes, PrincipalInfo> set_scopes{
    {.id = "identity.set_scopes",
     .method = Method::put,
     .path = "/v1/principals/{subject}/scopes",
     .summary = "Set what a principal may have; its keys and tokens have no more.",
     .exposure = http::public_door,
     .access = "admin.keys",
     .callers = door,
     .repeat = http::Repeat::idempotent,
     .errors = {{"no_principal", "scope_not_granted"}}}};
inline constexpr http::Unary<PrincipalRef, Revoked> remove{
    {.id = "identity.remove",
     .method = Method::del,
     .path = "/v1/principals/{subject}",
     .summary = "Remove a principal; everything given to it ends.",
     .exposure = http::public_door,
     .access = "admin.keys",
     .callers = door,
     .repeat = http::Repeat::idempotent,
     .errors = {{"no_principal", "scope_not_granted"}}}};
inline constexpr http::Unary<ExchangeRequest, Verification> exchange{
    {.id = "identity.exchange",
     .method = Method::post,
     .path = "/internal/v1/identity/exchange",
     .summary = "Exchange an API key for a principal token, or that for an assertion for one service.",
     .exposure = http::internal_only,
     .access = http::service_token,
     .callers = door,
     .repeat = http::Repeat::idempotent,
     .errors = {{"invalid_key", "key_revoked", "token_revoked"}}}};
inline constexpr http::Unary<ResolveRequest, Resolution> resolve{
    {.id = "identity.resolve",
     .method = Method::post,
     .path = "/internal/v1/identity/resolve",
     .summary = "Look a principal up again.",
     .exposure = http::internal_only,
     .access = http::service_token,
     .callers = {{"orchestrator"}},
     .repeat = http::Repeat::idempotent,
     .errors = {{"no_principal", "key_revoked", "token_revoked"}}}};
inline constexpr http::Unary<ApproverRequest, ApproverCheck> check_approver{
    {.id = "identity.check_approver",
     .method = Method::post,
     .path = "/internal/v1/identity/check_approver",
     .summary = "Whether one principal may answer another's review.",
     .exposure = http::internal_only,
     .access = http::service_token,
     .callers = {{"orchestrator"}},
     .repeat = http::Repeat::idempotent}};
inline constexpr http::Unary<ListRevocations, RevocationPage> revocations{{.id = "identity.revocations",
                                                                           .method = Method::get,
                                                                           .path = "/internal/v1/identity/revocations",
                                                                           .summary = "The revocation feed.",
                                                                           .exposure = http::internal_only,
                                                                           .access = http::service_token,
                                                                           .callers = everybody}};
inline constexpr http::Unary<http::Nothing, Jwks> jwks{{.id = "identity.jwks",
                                                        .method = Method::get,
                                                        .path = "/.well-known/jwks.json",
                                                        .summary = "Public keys of tokens.",
                                                        .exposure = http::public_door,
                                                        .access = http::open}};
}  // namespace op

/// What a caller holds: the port over its binding.
class IdentityClient final : public IdentityPort {
 public:
  explicit IdentityClient(http::Binding<IdentityPort> binding) : b_(std::move(binding)) {}
  Task<Result<TokenResponse>> token(Context c, TokenRequest in) override;
  Task<Result<TokenResponse>> issue(Context c, IssueRequest in) override;
  Task<Result<Verification>> verify(Context c, VerifyRequest in) override;
  Task<Result<Verification>> exchange(Context c, ExchangeRequest in) override;
  Task<Result<Revoked>> revoke(Context c, RevokeRequest in) override;
  Task<Result<CreatedKey>> create_key(Context c, CreateKey in) override;
  Task<Result<PrincipalInfo>> set_scopes(Context c, SetScopes in) override;
  Task<Result<Revoked>> narrow_key(Context c, NarrowKey in) override;
  Task<Result<Revoked>> remove(Context c, PrincipalRef in) override;
  Task<Result<Resolution>> resolve(Context c, ResolveRequest in) override;
  Task<Result<ApproverCheck>> check_approver(Context c, ApproverRequest in) override;
  Task<Result<RevocationPage>> revocations(Context c, ListRevocations in) override;
  Task<Result<Jwks>> jwks(Context c, http::Nothing in) override;

 private:
  http::Binding<IdentityPort> b_;
};

}  // namespace writ::identity
