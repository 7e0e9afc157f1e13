#include "identity/identity_service.h"

#include <algorithm>

#include "core/encoding.h"
#include "crypto/api_key.h"
#include "crypto/hash.h"
#include "identity/granting.h"

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

std::string joined(const std::vector<std::string>& scopes) {
  std::string out;
  for (const auto& scope : scopes) out += (out.empty() ? "" : " ") + scope;
  return out;
}

Secret pepper_of(const Secret& key_encryption_key) {
  return crypto::hkdf_sha256(key_encryption_key, "writ", "stored credentials", 32);
}

Principal principal_of(StoredPrincipal p, Credential credential, std::vector<std::string> act = {}) {
  credential.generation = p.generation;
  return {.tenant = std::move(p.tenant),
          .subject = std::move(p.subject),
          .kind = p.kind,
          .scopes = std::move(p.scopes),
          .act = std::move(act),
          .credential = std::move(credential)};
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
        *hash, {}));
  }
  co_return Status{};
}

Result<IdentityService::Signed> IdentityService::sign(Principal principal, TokenUse use, std::string_view audience,
                                                      std::string_view caller, std::string jti, WallTime now,
                                                      WallTime end) const {
  const TokenClaims claims{.principal = std::move(principal),
                           .audience = std::string(audience),
                           .jti = std::move(jti),
                           .issued_at = std::chrono::floor<Seconds>(now),
                           .expires_at = std::chrono::floor<Seconds>(end),
                           .caller = std::string(caller)};
  WRIT_TRY(auto token, sign_token(claims, use, ring()->active()));
  return Signed{.token = std::move(token), .expires_at = claims.expires_at};
}

// No longer than the token that it stands for.
Result<IdentityService::Signed> IdentityService::assertion(const Context& ctx, Principal principal,
                                                           std::string_view audience, WallTime now) const {
  return sign(std::move(principal), TokenUse::assertion, audience, ctx.caller, uuid7_base32(now, random_), now,
              now + settings_.token_life);
}

Result<TokenClaims> IdentityService::read_token(std::string_view token) const {
  TokenVerifier verifier(clock_);
  verifier.trust(std::make_shared<TrustSnapshot>(
      TrustSnapshot{.keys = ring()->public_keys(clock_.now()), .fresh_at = clock_.steady()}));
  return verifier.verify(token, principal_audience);
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
  const auto now = clock_.now();
  const auto life = settings_.token_life;
  auto jti = uuid7_base32(now, random_);
  auto who = principal_of(std::move(principal), {.token_id = jti});
  auto scope = joined(who.scopes);
  WRIT_CO_TRY(auto made, sign(std::move(who), TokenUse::access,
                              in.audience.empty() ? principal_audience : std::string_view(in.audience), {},
                              std::move(jti), now, now + life));
  co_return TokenResponse{.access_token = std::move(made.token), .expires_in = life.count(), .scope = std::move(scope)};
}

Task<Result<TokenResponse>> IdentityService::issue(Context ctx, IssueRequest in) {
  constexpr std::size_t makers_max = 8;  // of one token; who hands on what was handed on is rare
  const auto now = clock_.now();
  const auto& by = ctx.principal;
  WRIT_CO_TRY(auto principal, co_await store_.principal(ctx, by.tenant, in.subject));
  if (!principal)
    co_return fail(not_found("no_principal", "there is no principal " + in.subject.str() + " in your tenant"));
  if (!in.scopes.empty()) {
    if (!within(in.scopes, principal->scopes)) co_return fail(not_granted("the principal does"));
    principal->scopes = in.scopes;
  }
  // Nobody hands out more than they have, nor for longer.
  if (!within(principal->scopes, by.scopes)) co_return fail(not_granted("you do"));
  auto end = now + Seconds{in.ttl_seconds};
  if (by.credential.expires_at) end = std::min(end, *by.credential.expires_at);
  auto credential = by.credential;
  credential.token_id = uuid7_base32(now, random_);
  if (by.subject != in.subject && std::ranges::find(credential.made_by, by.subject.str()) == credential.made_by.end())
    credential.made_by.push_back(by.subject.str());
  if (credential.made_by.size() > makers_max)
    co_return fail(invalid("token_chain_too_long", "the token went through too many hands"));
  WRIT_CO_CHECK(co_await store_.issue(ctx, by, *principal,
                                      {.jti = credential.token_id,
                                       .parent = by.credential.token_id,
                                       .issued_by = by.subject,
                                       .expires_at = end,
                                       .issued_at = now}));
  auto jti = credential.token_id;
  auto scope = joined(principal->scopes);
  credential.expires_at.reset();  // its own end
  WRIT_CO_TRY(auto made, sign(principal_of(*std::move(principal), std::move(credential)), TokenUse::access,
                              principal_audience, {}, std::move(jti), now, end));
  co_return TokenResponse{.access_token = std::move(made.token),
                          .expires_in = std::chrono::floor<Seconds>(end - now).count(),
                          .scope = std::move(scope)};
}

Task<Result<StoredKey>> IdentityService::usable_key(Context ctx, std::string api_key) {
  const auto parsed = crypto::parse_api_key(api_key);
  if (!parsed) co_return fail(unauthenticated("invalid_key", parsed.error().message));
  WRIT_CO_TRY(auto key, co_await store_.key_by_hash(ctx, keyed_hash(api_key)));
  if (!key) co_return fail(unauthenticated("invalid_key", "there is no such API key"));
  if (key->revoked_at) co_return fail(unauthenticated("key_revoked", "the API key was revoked"));
  auto& who = key->principal;
  auto now_it_is = co_await store_.standing(std::move(ctx), who.tenant, who.subject,
                                            {.key_id = key->id, .generation = who.generation});
  if (!now_it_is && now_it_is.error().kind == ErrorKind::not_found)
    co_return fail(unauthenticated("key_revoked", "the principal of the API key is no more"));
  if (!now_it_is) co_return fail(std::move(now_it_is).error());
  who = *std::move(now_it_is);
  co_return *std::move(key);
}

Task<Result<Verification>> IdentityService::exchange_key(Context ctx, std::string api_key) {
  const auto now = clock_.now();
  WRIT_CO_TRY(auto key, co_await usable_key(std::move(ctx), std::move(api_key)));
  auto principal = principal_of(key.principal, {.key_id = key.id});
  auto credential = CredentialInfo::of(principal.credential);
  WRIT_CO_TRY(auto made, sign(std::move(principal), TokenUse::access, principal_audience, {},
                              uuid7_base32(now, random_), now, now + settings_.token_life));
  co_return Verification{.active = true,
                         .principal = info_of(key.principal),
                         .expires_at = made.expires_at,
                         .token = std::move(made.token),
                         .key_id = key.id,
                         .credential = std::move(credential)};
}

Task<Result<Verification>> IdentityService::exchange_token(Context ctx, ExchangeRequest in) {
  const auto now = clock_.now();
  WRIT_CO_TRY(auto claims, read_token(in.token));
  const auto& shown = claims.principal;
  auto standing = co_await store_.standing(ctx, shown.tenant, shown.subject, shown.credential);
  if (!standing && standing.error().kind == ErrorKind::not_found)
    co_return fail(unauthenticated("token_revoked", "the principal of the token is no more"));
  if (!standing) co_return fail(std::move(standing).error());
  auto info = info_of(*standing);
  info.scopes = common_scopes(shown.scopes, standing->scopes);
  if (in.scopes) info.scopes = common_scopes(*in.scopes, info.scopes);
  auto principal = shown;
  principal.scopes = info.scopes;
  auto credential = CredentialInfo::of(shown.credential);
  WRIT_CO_TRY(auto made, assertion(ctx, std::move(principal), *in.audience, now));
  co_return Verification{.active = true,
                         .principal = std::move(info),
                         .expires_at = std::min(made.expires_at, claims.expires_at),
                         .token = std::move(made.token),
                         .key_id = {},
                         .credential = std::move(credential)};
}

Task<Result<Verification>> IdentityService::exchange(Context ctx, ExchangeRequest in) {
  const bool key = in.token.starts_with(crypto::api_key_prefix);
  if (key == in.audience.has_value())
    co_return fail(invalid("invalid_request", "an API key is exchanged for a principal token, that for an assertion",
                           {{"/audience", key ? "not with an API key" : "names the service to call"}}));
  if (key) co_return co_await exchange_key(std::move(ctx), std::move(in.token));
  co_return co_await exchange_token(std::move(ctx), std::move(in));
}

Task<Result<Verification>> IdentityService::verify(Context ctx, VerifyRequest in) {
  const auto inactive_when = [](const Error& error) {
    return error.kind == ErrorKind::unauthenticated || error.kind == ErrorKind::not_found;
  };
  if (in.token.starts_with(crypto::api_key_prefix)) {
    const auto tenant = ctx.principal.tenant;
    auto key = co_await usable_key(std::move(ctx), std::move(in.token));
    if (!key && !inactive_when(key.error())) co_return fail(std::move(key).error());
    if (!key || key->principal.tenant != tenant) co_return Verification{};
    co_return Verification{.active = true, .principal = info_of(key->principal), .key_id = key->id};
  }
  const auto claims = read_token(in.token);
  if (!claims || claims->principal.tenant != ctx.principal.tenant) co_return Verification{};
  const auto& shown = claims->principal;
  auto standing = co_await store_.standing(std::move(ctx), shown.tenant, shown.subject, shown.credential);
  if (!standing && inactive_when(standing.error())) co_return Verification{};
  if (!standing) co_return fail(std::move(standing).error());
  standing->scopes = common_scopes(shown.scopes, standing->scopes);
  co_return Verification{.active = true, .principal = info_of(*standing), .expires_at = claims->expires_at};
}

Task<Result<Resolution>> IdentityService::resolve(Context ctx, ResolveRequest in) {
  const auto now = clock_.now();
  const auto credential = in.credential ? in.credential->credential() : Credential{};
  WRIT_CO_TRY(auto standing, co_await store_.standing(ctx, in.tenant, in.subject, credential));
  if (in.scopes) standing.scopes = common_scopes(*in.scopes, standing.scopes);
  Resolution out{.principal = info_of(standing)};
  if (!in.audience) co_return out;
  WRIT_CO_TRY(auto made,
              assertion(ctx, principal_of(std::move(standing), credential, std::move(in.act)), *in.audience, now));
  out.token = std::move(made.token);
  out.expires_at = made.expires_at;
  co_return out;
}

Task<Result<RevocationPage>> IdentityService::revocations(Context ctx, ListRevocations in) {
  return store_.revocations(std::move(ctx), in.after);
}

Task<Result<Jwks>> IdentityService::jwks(Context, http::Nothing) {
  co_return Jwks{.keys = ring()->public_keys(clock_.now()).to_jwks().at("keys").as_array()};
}

}  // namespace writ::identity
