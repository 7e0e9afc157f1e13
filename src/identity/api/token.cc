#include "identity/api/token.h"

namespace writ::identity {
namespace {

std::int64_t seconds(WallTime at) { return std::chrono::floor<Seconds>(at).time_since_epoch().count(); }
WallTime time_of(std::int64_t seconds) { return WallTime{Seconds{seconds}}; }

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
  std::vector<std::string> act, by;
  std::int64_t iat = 0, exp = 0, gen = 0;
  std::optional<std::string> key, tok, azp;
  std::optional<std::int64_t> tex;
  static constexpr auto fields() {
    return std::tuple(
        field("iss", &Wire::iss, any, "Issuer."), field("aud", &Wire::aud, any, "For whom."),
        field("sub", &Wire::sub, name_text, "Subject."), field("tenant", &Wire::tenant, name_text, "Tenant."),
        field("kind", &Wire::kind, any, "Kind."), field_or_default("scope", &Wire::scope, any, "Scopes."),
        field_or_default("act", &Wire::act, any, "Who acts."), field("key", &Wire::key, any, "API key it came from."),
        field("tok", &Wire::tok, any, "Token it came from; itself when absent."),
        field_or_default("gen", &Wire::gen, any, "Generation of the principal's credentials."),
        field_or_default("by", &Wire::by, any, "Who issued it for somebody else."),
        field("tex", &Wire::tex, any, "End of the token it came from."),
        field("azp", &Wire::azp, any, "The service that may show it."), field("iat", &Wire::iat, any, "Issued."),
        field("exp", &Wire::exp, any, "End."), field("jti", &Wire::jti, text(1, 128), "Id."));
  }
};

Wire wire_of(const TokenClaims& claims) {
  const auto& who = claims.principal;
  const auto& shown = who.credential;
  Wire out{.iss = std::string(issuer),
           .aud = claims.audience,
           .sub = who.subject.str(),
           .tenant = who.tenant.str(),
           .scope = join(who.scopes),
           .jti = claims.jti,
           .kind = who.kind,
           .act = who.act,
           .by = shown.made_by,
           .iat = seconds(claims.issued_at),
           .exp = seconds(claims.expires_at),
           .gen = shown.generation};
  if (!shown.key_id.empty()) out.key = shown.key_id.str();
  if (shown.token_id != claims.jti) out.tok = shown.token_id;
  if (shown.expires_at) out.tex = seconds(*shown.expires_at);
  if (!claims.caller.empty()) out.azp = claims.caller;
  return out;
}

TokenClaims claims_of(Wire wire) {
  TokenClaims out{.principal = {.tenant = TenantId(std::move(wire.tenant)),
                                .subject = Subject(std::move(wire.sub)),
                                .kind = wire.kind,
                                .scopes = split(wire.scope),
                                .act = std::move(wire.act),
                                .credential = {.key_id = KeyId(wire.key.value_or("")),
                                               .token_id = wire.tok.value_or(wire.jti),
                                               .generation = wire.gen,
                                               .expires_at = {},
                                               .made_by = std::move(wire.by)}},
                  .audience = std::move(wire.aud),
                  .jti = std::move(wire.jti),
                  .issued_at = time_of(wire.iat),
                  .expires_at = time_of(wire.exp),
                  .caller = wire.azp.value_or("")};
  auto& shown = out.principal.credential;
  if (wire.tex) shown.expires_at = time_of(*wire.tex);
  else if (shown.token_id == out.jti) shown.expires_at = out.expires_at;
  return out;
}

std::string memory_key(std::string_view token, TokenUse use) {
  std::string key(use == TokenUse::access ? "a" : "p");
  return key.append(token);
}

}  // namespace

Result<std::string> sign_token(const TokenClaims& claims, TokenUse use, const crypto::SigningKey& key) {
  auto document = schema::encode(wire_of(claims)).as_object();
  return crypto::sign_jwt(key, document, key.public_key().kid(), type_of(use));
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

Status TokenVerifier::holds(const Principal& principal) const {
  WRIT_TRY(const auto trust, fresh_trust());
  return trust->revocations->holds(principal, {});
}

Result<TokenClaims> TokenVerifier::verify(std::string_view token, std::string_view audience, TokenUse use) {
  WRIT_TRY(const auto trust, fresh_trust());
  const auto now = clock_.now();
  const auto known_as = memory_key(token, use);
  const auto usable = [&](TokenClaims claims) -> Result<TokenClaims> {
    if (trust->keys.find(claims.kid) == nullptr)
      return fail(unauthenticated("unknown_kid", "the key that signed the token is trusted no more"));
    WRIT_CHECK(trust->revocations->holds(claims.principal, claims.jti));
    trust->revocations->narrow(claims.principal);
    return claims;
  };
  if (auto known = remembered_.find(known_as); known && known->audience == audience) {
    if (known->expires_at > now) return usable(std::move(*known));
    remembered_.erase(known_as);
  }
  WRIT_TRY(const auto document, crypto::verify_jwt(token, trust->keys,
                                                   {.issuer = std::string(issuer),
                                                    .audience = std::string(audience),
                                                    .now = now,
                                                    .typ = std::string(type_of(use))}));
  auto wire = schema::decode<Wire>(document, {.unknown = schema::Unknown::ignore});
  if (!wire) return fail(unauthenticated("malformed_token", "the token lacks claims"));
  auto claims = claims_of(std::move(*wire));
  claims.kid = crypto::key_id_of(token);
  remembered_.put(known_as, claims);
  return usable(std::move(claims));
}

}  // namespace writ::identity
