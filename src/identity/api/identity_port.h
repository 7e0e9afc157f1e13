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
  /// A token for a principal of the caller's tenant. Errors: not_found (no_principal), forbidden (scope_not_granted).
  [[nodiscard]] virtual Task<Result<TokenResponse>> issue(Context ctx, IssueRequest in) = 0;
  /// Never an error for a bad token: `active` is false.
  [[nodiscard]] virtual Task<Result<Verification>> verify(Context ctx, VerifyRequest in) = 0;
  /// An API key for a principal token of 5 minutes. Errors: unauthenticated (invalid_key, key_revoked).
  [[nodiscard]] virtual Task<Result<Verification>> exchange(Context ctx, VerifyRequest in) = 0;
  [[nodiscard]] virtual Task<Result<Revoked>> revoke(Context ctx, RevokeRequest in) = 0;
  [[nodiscard]] virtual Task<Result<CreatedKey>> create_key(Context ctx, CreateKey in) = 0;
  /// Errors: not_found (no_principal).
  [[nodiscard]] virtual Task<Result<Resolution>> resolve(Context ctx, ResolveRequest in) = 0;
  [[nodiscard]] virtual Task<Result<RevocationPage>> revocations(Context ctx, ListRevocations in) = 0;
  [[nodiscard]] virtual Task<Result<Jwks>> jwks(Context ctx, http::Nothing in) = 0;
};

namespace op {
using http::Method;
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
     .errors = {{"no_principal", "scope_not_granted"}}}};
inline constexpr http::Unary<VerifyRequest, Verification> verify{{.id = "identity.verify",
                                                                  .method = Method::post,
                                                                  .path = "/v1/tokens/verify",
                                                                  .summary = "Whether a token holds now.",
                                                                  .exposure = http::public_door,
                                                                  .access = "tokens:verify",
                                                                  .repeat = http::Repeat::idempotent}};
inline constexpr http::Unary<RevokeRequest, Revoked> revoke{
    {.id = "identity.revoke",
     .method = Method::post,
     .path = "/v1/tokens/revoke",
     .summary = "Revoke a token, a key, or all tokens of a principal.",
     .exposure = http::public_door,
     .access = "tokens:revoke",
     .repeat = http::Repeat::idempotent}};
inline constexpr http::Unary<CreateKey, CreatedKey> create_key{{.id = "identity.create_key",
                                                                .method = Method::post,
                                                                .path = "/v1/keys",
                                                                .summary = "Create an API key.",
                                                                .exposure = http::public_door,
                                                                .access = "admin.keys",
                                                                .success_status = 201}};
inline constexpr http::Unary<VerifyRequest, Verification> exchange{
    {.id = "identity.exchange",
     .method = Method::post,
     .path = "/internal/v1/identity/exchange",
     .summary = "Exchange an API key for a principal token.",
     .exposure = http::internal_only,
     .access = http::service_token,
     .callers = {{"gateway"}},
     .repeat = http::Repeat::idempotent,
     .errors = {{"invalid_key", "key_revoked"}}}};
inline constexpr http::Unary<ResolveRequest, Resolution> resolve{{.id = "identity.resolve",
                                                                  .method = Method::post,
                                                                  .path = "/internal/v1/identity/resolve",
                                                                  .summary = "Look a principal up again.",
                                                                  .exposure = http::internal_only,
                                                                  .access = http::service_token,
                                                                  .callers = {{"orchestrator"}},
                                                                  .repeat = http::Repeat::idempotent,
                                                                  .errors = {{"no_principal"}}}};
inline constexpr http::Unary<ListRevocations, RevocationPage> revocations{{.id = "identity.revocations",
                                                                           .method = Method::get,
                                                                           .path = "/internal/v1/identity/revocations",
                                                                           .summary = "The revocation feed.",
                                                                           .exposure = http::internal_only,
                                                                           .access = http::service_token}};
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
  Task<Result<Verification>> exchange(Context c, VerifyRequest in) override;
  Task<Result<Revoked>> revoke(Context c, RevokeRequest in) override;
  Task<Result<CreatedKey>> create_key(Context c, CreateKey in) override;
  Task<Result<Resolution>> resolve(Context c, ResolveRequest in) override;
  Task<Result<RevocationPage>> revocations(Context c, ListRevocations in) override;
  Task<Result<Jwks>> jwks(Context c, http::Nothing in) override;

 private:
  http::Binding<IdentityPort> b_;
};

}  // namespace writ::identity
