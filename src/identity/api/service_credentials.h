// ServiceCredentials: what a service shows at another one: its own token by client credentials, and proof of its principal.
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
  /// `identity` is asked with open access for client credentials, and as this service for assertions.
  ServiceCredentials(IdentityPort& identity, PrincipalTokens& tokens, std::string client_id, Secret client_secret,
                     const Clock& clock)
      : identity_(identity),
        tokens_(tokens),
        client_id_(std::move(client_id)),
        client_secret_(std::move(client_secret)),
        clock_(clock) {}
  Task<Result<std::string>> service_token(Context ctx, std::string_view audience) override;
  /// An assertion for this audience, made for this service: from what the principal showed here, else by looking it up.
  /// Errors: those of identity: unauthenticated (token_revoked, key_revoked), not_found (no_principal), forbidden
  /// (caller_not_allowed: this service acts for nobody), unavailable.
  Task<Result<std::string>> principal_token(Context ctx, std::string_view audience) override;

 private:
  struct Held {
    std::string token;
    SteadyTime renew_at;
    WallTime from, until;  // outside, the wall clock was set, and whoever verifies the token would refuse it
  };
  struct Assertion {
    std::string token;
    WallTime expires_at;
  };
  [[nodiscard]] Task<Result<Assertion>> exchanged(Context ctx, std::string shown, std::vector<std::string> scopes,
                                                  std::string audience);
  [[nodiscard]] Task<Result<Assertion>> resolved(Context ctx, Principal principal, std::string audience);

  IdentityPort& identity_;
  PrincipalTokens& tokens_;
  const std::string client_id_;
  const Secret client_secret_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Held, std::less<>> held_;  // by audience: at most one per service
};

}  // namespace writ::identity
