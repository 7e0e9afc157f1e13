#include "identity/identity_service.h"

#include <algorithm>

#include "core/encoding.h"
#include "crypto/api_key.h"
#include "crypto/hash.h"

namespace writ::identity {
namespace {

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (char c : std::string(text) + ' ') {
    if (c != ' ') word += c;
    else if (!word.empty()) out.push_back(std::exchange(word, {}));
  }
  return out;
}

bool within(const std::vector<std::string>& wanted, const std::vector<std::string>& granted) {
  return std::ranges::all_of(wanted, [&](const auto& scope) {
    return std::ranges::find(granted, scope) != granted.end() || std::ranges::find(granted, "*") != granted.end();
  });
}

std::string joined(const std::vector<std::string>& scopes) {
  std::string out;
  for (const auto& scope : scopes) out += (out.empty() ? "" : " ") + scope;
  return out;
}

Secret pepper_of(const Secret& key_encryption_key) {
  return crypto::hkdf_sha256(key_encryption_key, "writ", "stored credentials", 32);
}

PrincipalInfo info_of(const StoredPrincipal& p) {
  return {.tenant = p.tenant, .subject = p.subject, .kind = p.kind, .scopes = p.scopes};
}

}  // namespace

std::string stored_hash(const Secret& key_encryption_key, std::string_view credential) {
  return crypto::hmac_sha256(pepper_of(key_encryption_key), credential);
}

IdentityService::IdentityService(IdentityStore& store, IdentitySettings settings, Secret key_encryption_key,
                                 const Clock& clock, Random& random)
    : store_(store),
      settings_(std::move(settings)),
      key_encryption_key_(std::move(key_encryption_key)),
      pepper_(pepper_of(key_encryption_key_)),
      clock_(clock),
      random_(random) {}

std::shared_ptr<const crypto::KeyRing> IdentityService::ring() const {
  const std::lock_guard lock(mutex_);
  return ring_;
}

std::string IdentityService::keyed_hash(std::string_view secret) const { return crypto::hmac_sha256(pepper_, secret); }

Task<Status> IdentityService::open_ring(Context ctx) {
  WRIT_CO_TRY(const auto sealed, co_await store_.sealed_ring(ctx));
  auto opened = sealed ? crypto::KeyRing::open(*sealed, key_encryption_key_)
                       : crypto::KeyRing::create(crypto::SignatureAlgorithm::ed25519, clock_.now(), random_);
  if (!opened) co_return fail(std::move(opened).error());
  if (!sealed) {
    WRIT_CO_TRY(auto text, opened->seal(key_encryption_key_, random_));
    WRIT_CO_CHECK(co_await store_.put_sealed_ring(ctx, std::move(text)));
  }
  const std::lock_guard lock(mutex_);
  ring_ = std::make_shared<crypto::KeyRing>(std::move(*opened));
  co_return Status{};
}

Task<Status> IdentityService::start(Context ctx, Bootstrap bootstrap) {
  WRIT_CO_CHECK(co_await open_ring(ctx));
  for (const auto& client : bootstrap.clients) {
    WRIT_CO_CHECK(co_await store_.put_client(ctx, {.client_id = client.client_id,
                                                   .secret_hash = keyed_hash(client.secret),
                                                   .principal = {.tenant = TenantId(std::string(system_tenant)),
                                                                 .subject = Subject("svc:" + client.client_id),
                                                                 .kind = PrincipalKind::service,
                                                                 .scopes = client.scopes}}));
  }
  for (const auto& key : bootstrap.keys) {
    const auto hash = from_hex(key.key_hash);
    if (!hash) co_return fail(invalid("bad_bootstrap", "a key's hash in the bootstrap file is not hex"));
    WRIT_CO_TRY(const auto known, co_await store_.key_by_hash(ctx, *hash));
    if (known) continue;
    WRIT_CO_CHECK(co_await store_.put_key(
        ctx,
        {.id = make_id<KeyId>(clock_.now(), random_),
         .principal = {.tenant = key.tenant, .subject = key.subject, .kind = PrincipalKind::user, .scopes = key.scopes},
         .revoked_at = {}},
        *hash));
  }
  co_return Status{};
}

Result<IdentityService::Signed> IdentityService::sign(const StoredPrincipal& principal, std::string_view audience,
                                                      Seconds life) const {
  const auto now = std::chrono::floor<Seconds>(clock_.now());
  const TokenClaims claims{.principal = {.tenant = principal.tenant,
                                         .subject = principal.subject,
                                         .kind = principal.kind,
                                         .scopes = principal.scopes,
                                         .act = {}},
                           .audience = std::string(audience),
                           .jti = uuid7_base32(clock_.now(), random_),
                           .issued_at = now,
                           .expires_at = now + life};
  WRIT_TRY(auto token, sign_token(claims, ring()->active()));
  return Signed{.token = std::move(token), .expires_at = claims.expires_at};
}

Task<Result<TokenResponse>> IdentityService::token(Context ctx, TokenRequest in) {
  if (in.grant_type != "client_credentials")
    co_return fail(invalid("unsupported_grant_type", "this token endpoint knows client_credentials"));
  WRIT_CO_TRY(const auto client, co_await store_.client(std::move(ctx), in.client_id));
  // One answer for an unknown client and a wrong secret, after the same work.
  const auto given = keyed_hash(in.client_secret);
  if (!crypto::constant_time_equal(given, client ? client->secret_hash : std::string(given.size(), '\0')) || !client)
    co_return fail(unauthenticated("invalid_client", "the client id or secret is wrong"));
  auto principal = client->principal;
  if (const auto wanted = words(in.scope); !wanted.empty()) {
    if (!within(wanted, principal.scopes))
      co_return fail(invalid("invalid_scope", "the client does not have all of these scopes"));
    principal.scopes = wanted;
  }
  const auto life = settings_.token_life;
  WRIT_CO_TRY(auto made,
              sign(principal, in.audience.empty() ? principal_audience : std::string_view(in.audience), life));
  co_return TokenResponse{
      .access_token = std::move(made.token), .expires_in = life.count(), .scope = joined(principal.scopes)};
}

Task<Result<TokenResponse>> IdentityService::issue(Context ctx, IssueRequest in) {
  WRIT_CO_TRY(auto principal, co_await store_.principal(ctx, ctx.principal.tenant, in.subject));
  if (!principal)
    co_return fail(not_found("no_principal", "there is no principal " + in.subject.str() + " in your tenant"));
  if (!in.scopes.empty()) {
    if (!within(in.scopes, principal->scopes))
      co_return fail(forbidden("scope_not_granted", "the principal does not have all of these scopes"));
    principal->scopes = in.scopes;
  }
  // Nobody hands out more than they have.
  if (!within(principal->scopes, ctx.principal.scopes))
    co_return fail(forbidden("scope_not_granted", "you do not have all of these scopes"));
  WRIT_CO_TRY(auto made, sign(*principal, principal_audience, Seconds{in.ttl_seconds}));
  co_return TokenResponse{
      .access_token = std::move(made.token), .expires_in = in.ttl_seconds, .scope = joined(principal->scopes)};
}

Task<Result<Verification>> IdentityService::verify_key(Context ctx, std::string api_key) {
  const auto parsed = crypto::parse_api_key(api_key);
  if (!parsed) co_return fail(unauthenticated("invalid_key", parsed.error().message));
  WRIT_CO_TRY(const auto key, co_await store_.key_by_hash(std::move(ctx), keyed_hash(api_key)));
  if (!key) co_return fail(unauthenticated("invalid_key", "there is no such API key"));
  if (key->revoked_at) co_return fail(unauthenticated("key_revoked", "the API key was revoked"));
  WRIT_CO_TRY(auto made, sign(key->principal, principal_audience, settings_.token_life));
  co_return Verification{.active = true,
                         .principal = info_of(key->principal),
                         .expires_at = made.expires_at,
                         .token = std::move(made.token),
                         .key_id = key->id};
}

Task<Result<Verification>> IdentityService::exchange(Context ctx, VerifyRequest in) {
  return verify_key(std::move(ctx), std::move(in.token));
}

Task<Result<Verification>> IdentityService::verify(Context ctx, VerifyRequest in) {
  if (in.token.starts_with(crypto::api_key_prefix)) {
    auto verified = co_await verify_key(ctx, in.token);
    if (!verified) {
      if (verified.error().kind == ErrorKind::unauthenticated) co_return Verification{};
      co_return fail(std::move(verified).error());
    }
    verified->token.reset();  // whether it holds, not what it can be exchanged for
    if (verified->principal->tenant != ctx.principal.tenant) co_return Verification{};
    co_return std::move(*verified);
  }
  // The owner of the keys and revocations reads both as they are now.
  WRIT_CO_TRY(const auto page, co_await store_.revocations(ctx, 0));
  TrustSnapshot trust{.keys = ring()->public_keys(clock_.now()),
                      .revoked_tokens = {},
                      .revoked_keys = {},
                      .revoked_subjects = {},
                      .fresh_at = clock_.steady()};
  for (const auto& revocation : page.revocations) {
    if (revocation.kind == "token") trust.revoked_tokens.insert(revocation.value);
    if (revocation.kind == "subject") trust.revoked_subjects[revocation.value] = revocation.at;
  }
  TokenVerifier verifier(clock_);
  verifier.trust(std::make_shared<TrustSnapshot>(std::move(trust)));
  const auto claims = verifier.verify(in.token, principal_audience);
  if (!claims || claims->principal.tenant != ctx.principal.tenant) co_return Verification{};
  co_return Verification{.active = true,
                         .principal = PrincipalInfo{.tenant = claims->principal.tenant,
                                                    .subject = claims->principal.subject,
                                                    .kind = claims->principal.kind,
                                                    .scopes = claims->principal.scopes},
                         .expires_at = claims->expires_at,
                         .token = {}};
}

Task<Result<Revoked>> IdentityService::revoke(Context ctx, RevokeRequest in) {
  const int given = (in.token ? 1 : 0) + (in.key_id ? 1 : 0) + (in.subject ? 1 : 0);
  if (given != 1)
    co_return fail(invalid("invalid_request", "give one of token, key_id and subject",
                           {{"", "exactly one of token, key_id, subject"}}));
  Result<std::int64_t> seq = 0;
  if (in.key_id) {
    seq = co_await store_.revoke_key(ctx, ctx.principal.tenant, *in.key_id);
  } else if (in.subject) {
    seq = co_await store_.revoke_subject(ctx, ctx.principal.tenant, *in.subject);
  } else {
    TokenVerifier verifier(clock_);
    verifier.trust(std::make_shared<TrustSnapshot>(TrustSnapshot{.keys = ring()->public_keys(clock_.now()),
                                                                 .revoked_tokens = {},
                                                                 .revoked_keys = {},
                                                                 .revoked_subjects = {},
                                                                 .fresh_at = clock_.steady()}));
    const auto claims = verifier.verify(*in.token, principal_audience);
    // RFC 7009: revoking what does not hold anyway is a success; another tenant's token is not yours to see.
    if (!claims || claims->principal.tenant != ctx.principal.tenant) co_return Revoked{};
    seq = co_await store_.revoke_token(ctx, claims->jti);
  }
  if (!seq) co_return fail(std::move(seq).error());
  co_return Revoked{.seq = *seq};
}

Task<Result<CreatedKey>> IdentityService::create_key(Context ctx, CreateKey in) {
  const auto tenant = in.tenant.value_or(ctx.principal.tenant);
  const bool everything = std::ranges::find(ctx.principal.scopes, "*") != ctx.principal.scopes.end();
  if (tenant != ctx.principal.tenant && !everything)
    co_return fail(forbidden("scope_not_granted", "a key of another tenant needs the scope *"));
  if (!within(in.scopes, ctx.principal.scopes))
    co_return fail(forbidden("scope_not_granted", "you do not have all of these scopes"));
  if (in.kind == PrincipalKind::service)
    co_return fail(invalid("invalid_request", "services use client credentials", {{"/kind", "must be user or agent"}}));
  const auto secret = crypto::make_api_key(random_);
  StoredKey key{.id = make_id<KeyId>(clock_.now(), random_),
                .principal = {.tenant = tenant, .subject = in.subject, .kind = in.kind, .scopes = in.scopes},
                .revoked_at = {}};
  WRIT_CO_CHECK(co_await store_.put_key(std::move(ctx), key, keyed_hash(secret.reveal())));
  co_return CreatedKey{.key_id = key.id, .api_key = std::string(secret.reveal())};
}

Task<Result<Resolution>> IdentityService::resolve(Context ctx, ResolveRequest in) {
  WRIT_CO_TRY(const auto principal, co_await store_.principal(std::move(ctx), in.tenant, in.subject));
  if (!principal) co_return fail(not_found("no_principal", "there is no principal " + in.subject.str()));
  WRIT_CO_TRY(auto made, sign(*principal, principal_audience, settings_.token_life));
  co_return Resolution{.principal = info_of(*principal), .token = std::move(made.token), .expires_at = made.expires_at};
}

Task<Result<RevocationPage>> IdentityService::revocations(Context ctx, ListRevocations in) {
  return store_.revocations(std::move(ctx), in.after);
}

Task<Result<Jwks>> IdentityService::jwks(Context, http::Nothing) {
  co_return Jwks{.keys = ring()->public_keys(clock_.now()).to_jwks().at("keys").as_array()};
}

}  // namespace writ::identity
