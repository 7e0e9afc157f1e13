// Who sent a request: at the public door by API key or token, at a service's own port by service token and assertion.
#pragma once

#include "http/authenticator.h"
#include "identity/api/failed_authentications.h"
#include "identity/api/identity_port.h"
#include "identity/api/principal_tokens.h"
#include "identity/api/token.h"

namespace writ::identity {

/// `Authorization: Bearer writ_…` (exchanged once, then remembered until it expires or is revoked) or a principal token.
class PublicAuthenticator final : public http::Authenticator {
 public:
  /// tokens: keeps what principals showed, where other services are other processes; else null.
  /// failed: told of every refusal; may be null.
  PublicAuthenticator(TokenVerifier& verifier, IdentityPort& identity, PrincipalTokens* tokens, const Clock& clock,
                      FailedAuthentications* failed = nullptr)
      : verifier_(verifier), identity_(identity), tokens_(tokens), clock_(clock), failed_(failed) {}
  /// Errors: unauthenticated (no_credentials, malformed_credentials, invalid_key, key_revoked, crypto's codes, token_revoked); unavailable.
  Task<Result<http::Authenticated>> authenticate(Context ctx, const http::RequestHead& head,
                                                 const http::OperationInfo& info) override;

 private:
  struct KnownKey {
    Principal principal;
    WallTime expires_at;
  };
  [[nodiscard]] Task<Result<http::Authenticated>> prove(Context ctx, const http::RequestHead& head);
  [[nodiscard]] Task<Result<http::Authenticated>> exchanged(Context ctx, std::string key, std::string memory_key);
  [[nodiscard]] std::optional<Principal> known(const std::string& memory_key, const TrustSnapshot& trust);

  static constexpr std::size_t known_max = 10'000;  // about 1 KiB each
  TokenVerifier& verifier_;
  IdentityPort& identity_;
  PrincipalTokens* tokens_;
  const Clock& clock_;
  FailedAuthentications* failed_;
  RecentMap<KnownKey> known_{known_max};  // by SHA-256 of the key
};

/// `Authorization`: the calling service's token for this callee; `Writ-Principal`: where there is a principal, an
/// assertion that identity made for this caller to show here.
class ServiceAuthenticator final : public http::Authenticator {
 public:
  ServiceAuthenticator(TokenVerifier& verifier, std::string callee) : verifier_(verifier), callee_(std::move(callee)) {}
  /// Errors: unauthenticated (no_credentials, not_a_service, wrong_caller, crypto's codes, token_revoked); unavailable.
  Task<Result<http::Authenticated>> authenticate(Context ctx, const http::RequestHead& head,
                                                 const http::OperationInfo& info) override;

 private:
  TokenVerifier& verifier_;
  std::string callee_;
};

}  // namespace writ::identity
