// IdentityService: the rules of principals, tokens, keys and revocation.
#pragma once

#include <memory>
#include <mutex>

#include "core/secret.h"
#include "crypto/key_ring.h"
#include "identity/api/identity_port.h"
#include "identity/api/token.h"
#include "identity/identity_settings.h"
#include "identity/identity_store.h"

namespace writ::identity {

/// A client of the bootstrap file: a service with its secret.
struct BootstrapClient {
  std::string client_id;
  std::string secret;
  std::vector<std::string> scopes;
  static constexpr auto fields() {
    return std::tuple(field("client_id", &BootstrapClient::client_id, text(1, 128), "Service name."),
                      field("secret", &BootstrapClient::secret, text(32, 256), "Its client secret."),
                      field_or_default("scopes", &BootstrapClient::scopes, list(0, 64, text(1, 64)), "Scopes."));
  }
};
/// An API key made at bootstrap, so that a local platform can be used at once.
struct BootstrapKey {
  TenantId tenant;
  Subject subject;
  std::vector<std::string> scopes;
  std::string key_hash;  // stored_hash() in hex: the file holds no usable key
  static constexpr auto fields() {
    return std::tuple(field("tenant", &BootstrapKey::tenant, name_text, "Tenant."),
                      field("subject", &BootstrapKey::subject, name_text, "Principal."),
                      field("scopes", &BootstrapKey::scopes, list(1, 64, text(1, 64)), "Scopes."),
                      field("key_hash", &BootstrapKey::key_hash, text(64, 64), "Keyed hash of the key."));
  }
};
/// What `writ init` writes and identity seeds itself from.
struct Bootstrap {
  std::vector<BootstrapClient> clients;
  std::vector<BootstrapKey> keys;
  static constexpr auto fields() {
    return std::tuple(field("clients", &Bootstrap::clients, list(0, 64), "Service clients."),
                      field_or_default("keys", &Bootstrap::keys, list(0, 64), "API keys."));
  }
};

/// How credentials are stored: keyed by a secret derived from the key-encryption key. 32 bytes.
[[nodiscard]] std::string stored_hash(const Secret& key_encryption_key, std::string_view credential);

/// The tenant of the services' own principals.
inline constexpr std::string_view system_tenant = "writ";

class IdentityService final : public IdentityPort {
 public:
  /// `key_encryption_key` seals the key ring and peppers the stored hashes.
  IdentityService(IdentityStore& store, IdentitySettings settings, Secret key_encryption_key, const Clock& clock,
                  Random& random);

  /// Opens the key ring or makes the first one, and seeds clients and keys.
  /// Errors: invalid (key_ring_undecryptable: the start must stop), unavailable.
  [[nodiscard]] Task<Status> start(Context ctx, Bootstrap bootstrap);

  Task<Result<TokenResponse>> token(Context ctx, TokenRequest in) override;
  Task<Result<TokenResponse>> issue(Context ctx, IssueRequest in) override;
  Task<Result<Verification>> verify(Context ctx, VerifyRequest in) override;
  Task<Result<Verification>> exchange(Context ctx, ExchangeRequest in) override;
  Task<Result<Revoked>> revoke(Context ctx, RevokeRequest in) override;
  Task<Result<CreatedKey>> create_key(Context ctx, CreateKey in) override;
  Task<Result<PrincipalInfo>> set_scopes(Context ctx, SetScopes in) override;
  Task<Result<Revoked>> narrow_key(Context ctx, NarrowKey in) override;
  Task<Result<Revoked>> remove(Context ctx, PrincipalRef in) override;
  Task<Result<Resolution>> resolve(Context ctx, ResolveRequest in) override;
  Task<Result<ApproverCheck>> check_approver(Context ctx, ApproverRequest in) override;
  Task<Result<RevocationPage>> revocations(Context ctx, ListRevocations in) override;
  Task<Result<Jwks>> jwks(Context ctx, http::Nothing in) override;

 private:
  struct Signed {
    std::string token;
    WallTime expires_at;
  };
  /// A token of the principal, credential included, from `now` (before what it says was looked up) until `end`.
  [[nodiscard]] Result<Signed> sign(Principal principal, TokenUse use, std::string_view audience,
                                    std::string_view caller, std::string jti, WallTime now, WallTime end) const;
  [[nodiscard]] Result<Signed> assertion(const Context& ctx, Principal principal, std::string_view audience,
                                         WallTime now) const;
  /// The claims of a principal token that is rightly signed and not over; revocations are the store's to tell.
  [[nodiscard]] Result<TokenClaims> read_token(std::string_view token) const;
  [[nodiscard]] std::shared_ptr<const crypto::KeyRing> ring() const;
  [[nodiscard]] std::string keyed_hash(std::string_view secret) const;
  [[nodiscard]] Task<Status> open_ring(Context ctx);
  [[nodiscard]] Task<Result<StoredKey>> usable_key(Context ctx, std::string api_key);
  [[nodiscard]] Task<Result<Verification>> exchange_key(Context ctx, std::string api_key);
  [[nodiscard]] Task<Result<Verification>> exchange_token(Context ctx, ExchangeRequest in);
  [[nodiscard]] Task<Result<Revoked>> revoke_token(Context ctx, std::string token);
  /// Errors: not_found (no_principal), forbidden (scope_not_granted: it has more than the caller).
  [[nodiscard]] Task<Result<StoredPrincipal>> lesser(Context ctx, Subject subject);

  IdentityStore& store_;
  const IdentitySettings settings_;
  const Secret key_encryption_key_;
  const Secret pepper_;
  const Clock& clock_;
  Random& random_;
  mutable std::mutex mutex_;
  std::shared_ptr<const crypto::KeyRing> ring_;  // shared with readers that began before a rotation
};

}  // namespace writ::identity
