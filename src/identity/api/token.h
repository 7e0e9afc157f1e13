// Tokens: the claims of principal and service tokens, and their verification against a snapshot of keys and revocations.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include "core/context.h"
#include "crypto/jwt.h"
#include "identity/api/types.h"

namespace writ::identity {

/// RFC 9068. A grant or another JWT of ours never passes as an access token.
inline constexpr std::string_view access_token_type = "at+jwt";

struct TokenClaims {
  Principal principal;
  std::string audience;
  std::string jti;
  WallTime issued_at;
  WallTime expires_at;
  std::string kid{};  // of the key that verified it; a token ends with its key
};

/// iss, aud, sub, tenant, kind, scope, act, iat, exp, jti. Errors: internal.
[[nodiscard]] Result<std::string> sign_token(const TokenClaims& claims, const crypto::SigningKey& key);

/// Lets a map of strings be asked with a view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// What is known of identity: an immutable snapshot, swapped whole.
struct TrustSnapshot {
  crypto::KeySet keys;
  std::set<std::string> revoked_tokens;  // jti
  std::set<std::string> revoked_keys;  // key ids
  std::map<std::string, WallTime> revoked_subjects;  // tenant/subject → tokens issued before are dead
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

  /// Errors: unauthenticated (crypto's codes, token_revoked); unavailable (identity_stale).
  [[nodiscard]] Result<TokenClaims> verify(std::string_view token, std::string_view audience);
  /// Whether claims that verify() gave hold still. Errors: unauthenticated (token_expired, token_revoked, unknown_kid);
  /// unavailable (identity_stale).
  [[nodiscard]] Status holds(const TokenClaims& claims) const;

 private:
  [[nodiscard]] Result<std::shared_ptr<const TrustSnapshot>> fresh_trust() const;
  [[nodiscard]] Status revoked(const TokenClaims& claims, const TrustSnapshot& trust) const;

  static constexpr std::size_t remembered_max = 10'000;  // a claim set is about 1 KiB
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TrustSnapshot> trust_;  // shared with readers that began before a swap
  // By the token itself: it is in this process's memory anyway, and only verified ones come here.
  std::unordered_map<std::string, TokenClaims, TextHash, std::equal_to<>> remembered_;
};

}  // namespace writ::identity
