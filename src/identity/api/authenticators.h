// Who sent a request: at the public door by API key or token, at a service's own port by service and principal tokens.
#pragma once

#include "http/authenticator.h"
#include "identity/api/identity_port.h"
#include "identity/api/principal_tokens.h"
#include "identity/api/token.h"

namespace writ::identity {

/// `Authorization: Bearer writ_…` (exchanged once, then remembered until it expires or is revoked) or a principal token.
class PublicAuthenticator final : public http::Authenticator {
 public:
  PublicAuthenticator(TokenVerifier& verifier, IdentityPort& identity, PrincipalTokens& tokens, const Clock& clock)
      : verifier_(verifier), identity_(identity), tokens_(tokens), clock_(clock) {}
  /// Errors: unauthenticated (no_credentials, malformed_credentials, invalid_key, key_revoked, crypto's codes, token_revoked); unavailable.
  Task<Result<http::Authenticated>> authenticate(Context ctx, const http::RequestHead& head,
                                                 const http::OperationInfo& info) override;

 private:
  struct KnownKey {
    Principal principal;
    KeyId key_id;
    WallTime expires_at;
  };
  [[nodiscard]] Task<Result<http::Authenticated>> exchanged(Context ctx, std::string key, std::string memory_key);
  [[nodiscard]] std::optional<Principal> known(const std::string& memory_key, const TrustSnapshot& trust);

  static constexpr std::size_t known_max = 10'000;  // about 1 KiB each
  TokenVerifier& verifier_;
  IdentityPort& identity_;
  PrincipalTokens& tokens_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, KnownKey> known_;  // by SHA-256 of the key
};

/// `Authorization`: the calling service's token for this callee; `Writ-Principal`: a principal token, where there is one.
class ServiceAuthenticator final : public http::Authenticator {
 public:
  ServiceAuthenticator(TokenVerifier& verifier, PrincipalTokens& tokens, std::string callee)
      : verifier_(verifier), tokens_(tokens), callee_(std::move(callee)) {}
  /// Errors: unauthenticated (no_credentials, not_a_service, crypto's codes, token_revoked); unavailable.
  Task<Result<http::Authenticated>> authenticate(Context ctx, const http::RequestHead& head,
                                                 const http::OperationInfo& info) override;

 private:
  TokenVerifier& verifier_;
  PrincipalTokens& tokens_;
  std::string callee_;
};

}  // namespace writ::identity
