#include "identity/api/token.h"

namespace writ::identity {
namespace {

std::int64_t seconds(WallTime at) { return std::chrono::floor<Seconds>(at).time_since_epoch().count(); }

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find(' ');
    if (end != 0) out.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

/// The claims on the wire.
struct Wire {
  std::string iss, aud, sub, tenant, scope, jti;
  PrincipalKind kind = PrincipalKind::user;
  std::vector<std::string> act;
  std::int64_t iat = 0, exp = 0;
  static constexpr auto fields() {
    return std::tuple(field("iss", &Wire::iss, any, "Issuer."), field("aud", &Wire::aud, any, "For whom."),
                      field("sub", &Wire::sub, name_text, "Subject."),
                      field("tenant", &Wire::tenant, name_text, "Tenant."), field("kind", &Wire::kind, any, "Kind."),
                      field_or_default("scope", &Wire::scope, any, "Scopes."),
                      field_or_default("act", &Wire::act, any, "Who acts."), field("iat", &Wire::iat, any, "Issued."),
                      field("exp", &Wire::exp, any, "End."), field("jti", &Wire::jti, text(1, 128), "Id."));
  }
};

}  // namespace

Result<std::string> sign_token(const TokenClaims& claims, const crypto::SigningKey& key) {
  const Wire wire{.iss = std::string(issuer),
                  .aud = claims.audience,
                  .sub = claims.principal.subject.str(),
                  .tenant = claims.principal.tenant.str(),
                  .scope = join(claims.principal.scopes),
                  .jti = claims.jti,
                  .kind = claims.principal.kind,
                  .act = claims.principal.act,
                  .iat = seconds(claims.issued_at),
                  .exp = seconds(claims.expires_at)};
  return crypto::sign_jwt(key, schema::encode(wire).as_object(), key.public_key().kid(), access_token_type);
}

void TokenVerifier::trust(std::shared_ptr<const TrustSnapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  trust_ = std::move(snapshot);
}

std::shared_ptr<const TrustSnapshot> TokenVerifier::snapshot() const {
  const std::lock_guard lock(mutex_);
  return trust_;
}

Result<std::shared_ptr<const TrustSnapshot>> TokenVerifier::fresh_trust() const {
  auto trust = snapshot();
  if (!trust || clock_.steady() - trust->fresh_at > stale_after)
    return fail(unavailable("identity_stale", "identity-service has not confirmed keys and revocations for " +
                                                  std::to_string(stale_after.count()) + " s"));
  return trust;
}

Status TokenVerifier::fresh() const {
  WRIT_CHECK(fresh_trust());
  return {};
}

Status TokenVerifier::holds(const TokenClaims& claims) const {
  WRIT_TRY(const auto trust, fresh_trust());
  if (claims.expires_at <= clock_.now()) return fail(unauthenticated("token_expired", "the token has expired"));
  return revoked(claims, *trust);
}

Status TokenVerifier::revoked(const TokenClaims& claims, const TrustSnapshot& trust) const {
  const auto dead = [] { return fail(unauthenticated("token_revoked", "the token was revoked")); };
  if (trust.keys.find(claims.kid) == nullptr)
    return fail(unauthenticated("unknown_kid", "the key that signed the token is trusted no more"));
  if (trust.revoked_tokens.contains(claims.jti)) return dead();
  if (trust.revoked_subjects.empty()) return {};
  const auto at = trust.revoked_subjects.find(claims.principal.tenant.str() + "/" + claims.principal.subject.str());
  // Tokens count whole seconds: one issued in the second of the revocation is dead too.
  if (at != trust.revoked_subjects.end() && claims.issued_at <= at->second) return dead();
  return {};
}

Result<TokenClaims> TokenVerifier::verify(std::string_view token, std::string_view audience) {
  WRIT_TRY(const auto trust, fresh_trust());
  const auto now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = remembered_.find(token); it != remembered_.end() && it->second.audience == audience) {
      const auto& claims = it->second;
      if (claims.expires_at > now) {
        WRIT_CHECK(revoked(claims, *trust));
        return claims;
      }
      remembered_.erase(it);
    }
  }
  WRIT_TRY(const auto claims, crypto::verify_jwt(token, trust->keys,
                                                 {.issuer = std::string(issuer),
                                                  .audience = std::string(audience),
                                                  .now = now,
                                                  .typ = std::string(access_token_type)}));
  auto wire = schema::decode<Wire>(claims, {.unknown = schema::Unknown::ignore});
  if (!wire) return fail(unauthenticated("malformed_token", "the token lacks claims"));
  TokenClaims out{.principal = {.tenant = TenantId(wire->tenant),
                                .subject = Subject(wire->sub),
                                .kind = wire->kind,
                                .scopes = split(wire->scope),
                                .act = std::move(wire->act)},
                  .audience = wire->aud,
                  .jti = wire->jti,
                  .issued_at = WallTime{Seconds{wire->iat}},
                  .expires_at = WallTime{Seconds{wire->exp}},
                  .kid = crypto::key_id_of(token)};
  WRIT_CHECK(revoked(out, *trust));
  const std::lock_guard lock(mutex_);
  if (remembered_.size() >= remembered_max)
    std::erase_if(remembered_, [&](const auto& entry) { return entry.second.expires_at <= now; });
  if (remembered_.size() < remembered_max) remembered_.insert_or_assign(std::string(token), out);
  return out;
}

}  // namespace writ::identity
