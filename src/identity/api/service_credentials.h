// ServiceCredentials: what a service shows at another one: its own token by client credentials, and its principal's.
#pragma once

#include <map>
#include <mutex>

#include "core/secret.h"
#include "http/remote.h"
#include "identity/api/identity_port.h"
#include "identity/api/principal_tokens.h"

namespace writ::identity {

class ServiceCredentials final : public http::CredentialSource {
 public:
  /// `identity` is asked with open access for client credentials.
  ServiceCredentials(IdentityPort& identity, PrincipalTokens& tokens, std::string client_id, Secret client_secret,
                     const Clock& clock)
      : identity_(identity),
        tokens_(tokens),
        client_id_(std::move(client_id)),
        client_secret_(std::move(client_secret)),
        clock_(clock) {}
  Task<Result<std::string>> service_token(Context ctx, std::string_view audience) override;
  /// Errors: unauthenticated (no_principal_token).
  Task<Result<std::string>> principal_token(Context ctx) override;

 private:
  struct Held {
    std::string token;
    SteadyTime renew_at;
  };
  IdentityPort& identity_;
  PrincipalTokens& tokens_;
  const std::string client_id_;
  const Secret client_secret_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Held, std::less<>> held_;  // by audience: at most one per service
};

/// An IdentityPort that keeps the tokens of resolved principals, so that a run can act for its principal elsewhere.
class TokenKeepingIdentity final : public IdentityPort {
 public:
  TokenKeepingIdentity(IdentityPort& identity, PrincipalTokens& tokens) : identity_(identity), tokens_(tokens) {}
  Task<Result<TokenResponse>> token(Context c, TokenRequest in) override {
    return identity_.token(std::move(c), std::move(in));
  }
  Task<Result<TokenResponse>> issue(Context c, IssueRequest in) override {
    return identity_.issue(std::move(c), std::move(in));
  }
  Task<Result<Verification>> verify(Context c, VerifyRequest in) override {
    return identity_.verify(std::move(c), std::move(in));
  }
  Task<Result<Verification>> exchange(Context c, VerifyRequest in) override {
    return identity_.exchange(std::move(c), std::move(in));
  }
  Task<Result<Revoked>> revoke(Context c, RevokeRequest in) override {
    return identity_.revoke(std::move(c), std::move(in));
  }
  Task<Result<CreatedKey>> create_key(Context c, CreateKey in) override {
    return identity_.create_key(std::move(c), std::move(in));
  }
  Task<Result<Resolution>> resolve(Context ctx, ResolveRequest in) override;
  Task<Result<RevocationPage>> revocations(Context c, ListRevocations in) override {
    return identity_.revocations(std::move(c), std::move(in));
  }
  Task<Result<Jwks>> jwks(Context c, http::Nothing in) override { return identity_.jwks(std::move(c), std::move(in)); }

 private:
  IdentityPort& identity_;
  PrincipalTokens& tokens_;
};

}  // namespace writ::identity
