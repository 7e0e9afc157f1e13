// Tokens: the claims of principal and service tokens and of assertions, and their verification against a snapshot of keys
// and revocations.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "core/context.h"
#include "crypto/jwt.h"
#include "identity/api/recent_map.h"
#include "identity/api/revocations.h"

namespace writ::identity {

/// What a token is for; a token of one use never passes as another's (`typ`, RFC 8725 section 3.11).
///   access     of a principal for the public door (audience `writ`), or of a service for one callee
///   assertion  a principal's, made for one caller to show at one callee; good nowhere else
enum class TokenUse { access, assertion };
[[nodiscard]] constexpr std::string_view type_of(TokenUse use) {
  return use == TokenUse::access ? "at+jwt" : "writ-principal+jwt";
}

struct TokenClaims {
  Principal principal;  // with the credential that it came from
  std::string audience;
  std::string jti;
  WallTime issued_at;
  WallTime expires_at;
  std::string caller{};  // of an assertion: the service that may show it
  std::string kid{};  // of the key that verified it; a token ends with its key
};

/// iss, aud, sub, tenant, kind, scope, act, key, tok, gen, by, tex, azp, iat, exp, jti. Errors: internal.
[[nodiscard]] Result<std::string> sign_token(const TokenClaims& claims, TokenUse use, const crypto::SigningKey& key);

/// What is known of identity: an immutable snapshot, swapped whole.
struct TrustSnapshot {
  crypto::KeySet keys;
  std::shared_ptr<const Revocations> revocations = std::make_shared<Revocations>();  // shared with the snapshots before
  SteadyTime fresh_at;  // when identity last confirmed it
};

/// Verifies tokens against the newest snapshot; what was verified is remembered until it expires. Revocations, and whether
/// the key is still trusted, are looked up each time. Thread: any.
class TokenVerifier {
 public:
  explicit TokenVerifier(const Clock& clock) : clock_(clock) {}

  /// A revocation feed older than this makes every answer `unavailable`: nothing is decided on stale trust.
  static constexpr Seconds stale_after{10};

  void trust(std::shared_ptr<const TrustSnapshot> snapshot);
  [[nodiscard]] std::shared_ptr<const TrustSnapshot> snapshot() const;
  /// Errors: unavailable (identity_stale).
  [[nodiscard]] Status fresh() const;

  /// The claims, with the scopes that the principal has still.
  /// Errors: unauthenticated (crypto's codes, token_revoked, key_revoked); unavailable (identity_stale).
  [[nodiscard]] Result<TokenClaims> verify(std::string_view token, std::string_view audience,
                                           TokenUse use = TokenUse::access);
  /// Whether nothing that the principal came with was revoked.
  /// Errors: unauthenticated (token_revoked, key_revoked); unavailable (identity_stale).
  [[nodiscard]] Status holds(const Principal& principal) const;

 private:
  [[nodiscard]] Result<std::shared_ptr<const TrustSnapshot>> fresh_trust() const;

  static constexpr std::size_t remembered_max = 10'000;  // a claim set is about 1 KiB
  const Clock& clock_;
  mutable std::mutex mutex_;  // for the pointer only
  std::shared_ptr<const TrustSnapshot> trust_;  // shared with readers that began before a swap
  // By the token itself: it is in this process's memory anyway, and only verified ones come here.
  RecentMap<TokenClaims> remembered_{remembered_max};
};

}  // namespace writ::identity
