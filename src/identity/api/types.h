// What others may know of identity-service: principals, tokens and keys on the wire.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "schema/codec.h"

template <>
struct writ::schema::EnumNames<writ::PrincipalKind> {
  using K = writ::PrincipalKind;
  static constexpr auto value =
      std::array<std::pair<K, std::string_view>, 3>{{{K::user, "user"}, {K::agent, "agent"}, {K::service, "service"}}};
};

namespace writ::identity {

using schema::any;
using schema::field;
using schema::field_or_default;
using schema::list;
using schema::name_text;
using schema::number;
using schema::text;

/// Issuer of every token, and the audience of principal tokens.
inline constexpr std::string_view issuer = "writ-identity";
inline constexpr std::string_view principal_audience = "writ";
/// No token lives longer, whoever issues it.
inline constexpr Seconds token_life_max{3600};
/// How far the clocks of two machines may be apart, and a verifier's leeway.
inline constexpr Seconds clock_skew_max{60};
/// How long a verifier must know of a revocation: as long as a token made before it may be shown.
inline constexpr Seconds revocation_matters = token_life_max + clock_skew_max;

/// A principal as others see it.
struct PrincipalInfo {
  TenantId tenant;
  Subject subject;
  PrincipalKind kind = PrincipalKind::user;
  std::vector<std::string> scopes;
  static constexpr auto fields() {
    return std::tuple(field("tenant", &PrincipalInfo::tenant, name_text, "Tenant."),
                      field("subject", &PrincipalInfo::subject, name_text, "Subject."),
                      field("kind", &PrincipalInfo::kind, any, "user, agent or service."),
                      field("scopes", &PrincipalInfo::scopes, list(0, 64, text(1, 64)), "What it may do."));
  }
};

/// A principal's credential on the wire; see core/context.h.
struct CredentialInfo {
  std::optional<KeyId> key_id{};
  std::optional<std::string> token_id{};
  std::int64_t generation = 0;
  std::optional<WallTime> expires_at{};
  std::vector<std::string> made_by{};
  [[nodiscard]] static CredentialInfo of(const Credential& c) {
    CredentialInfo out{.generation = c.generation, .expires_at = c.expires_at, .made_by = c.made_by};
    if (!c.key_id.empty()) out.key_id = c.key_id;
    if (!c.token_id.empty()) out.token_id = c.token_id;
    return out;
  }
  [[nodiscard]] Credential credential() const {
    return {.key_id = key_id.value_or(KeyId()),
            .token_id = token_id.value_or(""),
            .generation = generation,
            .expires_at = expires_at,
            .made_by = made_by};
  }
  static constexpr auto fields() {
    return std::tuple(field("key_id", &CredentialInfo::key_id, any, "API key that it came from."),
                      field("token_id", &CredentialInfo::token_id, text(1, 128), "Token that was shown."),
                      field_or_default("generation", &CredentialInfo::generation, any,
                                       "Of the principal's credentials; a revocation of the principal raises it."),
                      field("expires_at", &CredentialInfo::expires_at, any, "End of the token."),
                      field_or_default("made_by", &CredentialInfo::made_by, list(0, 16, text(1, 256)),
                                       "Who issued the token for somebody else."));
  }
};

/// RFC 6749 section 4.4 client credentials, as form fields or JSON.
struct TokenRequest {
  std::string grant_type;
  std::string client_id;
  std::string client_secret;
  std::string audience;  // RFC 8707: the callee's name; principal tokens: "writ"
  std::string scope;
  static constexpr auto fields() {
    return std::tuple(field("grant_type", &TokenRequest::grant_type, text(1, 128), "client_credentials."),
                      field("client_id", &TokenRequest::client_id, text(1, 128), "Client."),
                      field("client_secret", &TokenRequest::client_secret, text(1, 256), "Its secret."),
                      field_or_default("audience", &TokenRequest::audience, text(0, 128), "For whom the token is."),
                      field_or_default("scope", &TokenRequest::scope, text(0, 1024),
                                       "Scopes, separated by spaces; no more than granted."));
  }
};
struct TokenResponse {
  std::string access_token;
  std::string token_type = "Bearer";
  std::int64_t expires_in = 0;  // seconds
  std::string scope;
  static constexpr auto fields() {
    return std::tuple(field("access_token", &TokenResponse::access_token, any, "JWT."),
                      field("token_type", &TokenResponse::token_type, any, "Bearer."),
                      field("expires_in", &TokenResponse::expires_in, any, "Seconds."),
                      field("scope", &TokenResponse::scope, any, "Scopes."));
  }
};

struct IssueRequest {
  Subject subject;                  // a principal of the caller's tenant
  std::vector<std::string> scopes;  // no more than the principal's
  std::int64_t ttl_seconds = 300;
  static constexpr auto fields() {
    return std::tuple(
        field("subject", &IssueRequest::subject, name_text, "For whom."),
        field_or_default("scopes", &IssueRequest::scopes, list(0, 64, text(1, 64)), "Narrowed scopes; all when empty."),
        field_or_default("ttl_seconds", &IssueRequest::ttl_seconds, number(1, token_life_max.count()),
                         "Lifetime, seconds."));
  }
};
struct VerifyRequest {
  std::string token;
  static constexpr auto fields() {
    return std::tuple(field("token", &VerifyRequest::token, text(1, 8192), "Token or API key."));
  }
};
/// An API key for a principal token, or a principal token for an assertion that the caller shows at one service.
struct ExchangeRequest {
  std::string token;
  std::optional<std::string> audience{};  // of the assertion: the callee's name
  std::optional<std::vector<std::string>> scopes{};  // no more than these
  static constexpr auto fields() {
    return std::tuple(field("token", &ExchangeRequest::token, text(1, 8192), "API key or principal token."),
                      field("audience", &ExchangeRequest::audience, text(1, 128), "Service to call."),
                      field("scopes", &ExchangeRequest::scopes, list(0, 64, text(1, 64)), "No more than these."));
  }
};
struct Verification {
  bool active = false;
  std::optional<PrincipalInfo> principal;
  std::optional<WallTime> expires_at;
  std::optional<std::string> token;  // exchange: what the request asked for
  std::optional<KeyId> key_id;       // of an API key
  std::optional<CredentialInfo> credential{};  // exchange
  static constexpr auto fields() {
    return std::tuple(field("active", &Verification::active, any, "Whether it holds now."),
                      field("principal", &Verification::principal, any, "Whose it is."),
                      field("expires_at", &Verification::expires_at, any, "End."),
                      field("token", &Verification::token, any, "Principal token."),
                      field("key_id", &Verification::key_id, any, "Of an API key."),
                      field("credential", &Verification::credential, any, "What it came from."));
  }
};
struct RevokeRequest {
  std::optional<std::string> token;   // a token and what was issued with it, or an API key
  std::optional<KeyId> key_id;        // an API key and the tokens that came from it
  std::optional<Subject> subject;     // everything given to a principal until now: keys, tokens, runs
  static constexpr auto fields() {
    return std::tuple(field("token", &RevokeRequest::token, text(1, 8192), "Token."),
                      field("key_id", &RevokeRequest::key_id, any, "API key."),
                      field("subject", &RevokeRequest::subject, name_text, "Principal."));
  }
};
struct Revoked {
  std::int64_t seq = 0;  // place in the revocation feed
  static constexpr auto fields() { return std::tuple(field("seq", &Revoked::seq, any, "Place in the feed.")); }
};

struct CreateKey {
  Subject subject;
  PrincipalKind kind = PrincipalKind::user;
  std::vector<std::string> scopes;
  std::optional<TenantId> tenant;  // another tenant: needs the scope `*`
  static constexpr auto fields() {
    return std::tuple(
        field("subject", &CreateKey::subject, name_text, "Principal; created when new."),
        field_or_default("kind", &CreateKey::kind, any, "user or agent."),
        field("scopes", &CreateKey::scopes, list(1, 64, text(1, 64)), "Scopes, no more than the caller's."),
        field("tenant", &CreateKey::tenant, name_text, "Tenant; the caller's when absent."));
  }
};
struct CreatedKey {
  KeyId key_id;
  std::string api_key;  // shown once
  static constexpr auto fields() {
    return std::tuple(field("key_id", &CreatedKey::key_id, any, "Id."),
                      field("api_key", &CreatedKey::api_key, any, "The key, shown once."));
  }
};

/// What a principal may have, from now on; its keys and tokens have no more.
struct SetScopes {
  Subject subject;  // path
  std::vector<std::string> scopes;
  static constexpr auto fields() {
    return std::tuple(field("subject", &SetScopes::subject, name_text, "Principal of your tenant."),
                      field("scopes", &SetScopes::scopes, list(0, 64, text(1, 64)), "Scopes, no more than yours."));
  }
};
struct NarrowKey {
  KeyId key_id;  // path
  std::vector<std::string> scopes;
  static constexpr auto fields() {
    return std::tuple(
        field("key_id", &NarrowKey::key_id, any, "API key of your tenant."),
        field("scopes", &NarrowKey::scopes, list(0, 64, text(1, 64)), "Those of its scopes that it keeps."));
  }
};
struct PrincipalRef {
  Subject subject;  // path
  static constexpr auto fields() {
    return std::tuple(field("subject", &PrincipalRef::subject, name_text, "Principal of your tenant."));
  }
};

/// Looks a principal up again; runs do so before every step. What was revoked or taken away since counts.
/// The caller is a service and shows no proof of the principal, so the tenant stands in the request.
struct ResolveRequest {
  TenantId tenant;
  Subject subject;
  std::optional<CredentialInfo> credential{};        // what the work was begun with
  std::optional<std::vector<std::string>> scopes{};  // and the scopes; the answer has no more
  std::vector<std::string> act{};
  std::optional<std::string> audience{};  // makes an assertion for this service
  static constexpr auto fields() {
    return std::tuple(field("tenant", &ResolveRequest::tenant, name_text, "Tenant."),
                      field("subject", &ResolveRequest::subject, name_text, "Principal."),
                      field("credential", &ResolveRequest::credential, any, "What the work was begun with."),
                      field("scopes", &ResolveRequest::scopes, list(0, 64, text(1, 64)), "No more than these."),
                      field_or_default("act", &ResolveRequest::act, list(0, 16, text(1, 256)), "Who acts."),
                      field("audience", &ResolveRequest::audience, text(1, 128), "Service to call."));
  }
};
struct Resolution {
  PrincipalInfo principal;  // as it is now, within the scopes of the request
  std::optional<std::string> token{};  // the assertion
  std::optional<WallTime> expires_at{};
  static constexpr auto fields() {
    return std::tuple(field("principal", &Resolution::principal, any, "As it is now."),
                      field("token", &Resolution::token, any, "Assertion, for Writ-Principal."),
                      field("expires_at", &Resolution::expires_at, any, "End of the assertion."));
  }
};

/// One side of a review.
struct Party {
  Subject subject;
  std::optional<CredentialInfo> credential{};  // what the run was started, or the answer given, with
  std::vector<std::string> act{};
  static constexpr auto fields() {
    return std::tuple(field("subject", &Party::subject, name_text, "Principal."),
                      field("credential", &Party::credential, any, "What it showed."),
                      field_or_default("act", &Party::act, list(0, 16, text(1, 256)), "Who acts for it."));
  }
};
struct ApproverRequest {
  TenantId tenant;
  Party requester, approver;
  std::string scope{};  // that the approver needs
  static constexpr auto fields() {
    return std::tuple(field("tenant", &ApproverRequest::tenant, name_text, "Tenant."),
                      field("requester", &ApproverRequest::requester, any, "Whose action it is."),
                      field("approver", &ApproverRequest::approver, any, "Who answers."),
                      field_or_default("scope", &ApproverRequest::scope, text(0, 64), "Scope of an approver."));
  }
};
/// code: own_request, not_independent, missing_scope, approver_gone; empty when the approver may answer.
struct ApproverCheck {
  std::string code{};
  std::string message{};
  static constexpr auto fields() {
    return std::tuple(field_or_default("code", &ApproverCheck::code, any, "Why not; empty when it may."),
                      field_or_default("message", &ApproverCheck::message, any, "The same in words."));
  }
};

struct Revocation {
  std::int64_t seq = 0;
  std::string
      kind;  // "token" (value = jti), "key" (key id), "subject", and "key_scopes", "subject_scopes": less than before
  std::string value;
  WallTime at{};
  std::optional<TenantId> tenant{};
  std::optional<Subject> subject{};
  std::int64_t generation = 0;  // subject: credentials of older generations are dead
  std::vector<std::string> scopes{};  // what is left
  std::optional<WallTime> until{};  // afterwards nothing that it names can be alive
  static constexpr auto fields() {
    return std::tuple(field("seq", &Revocation::seq, any, "Cursor."),
                      field("kind", &Revocation::kind, any, "token, key, subject, key_scopes or subject_scopes."),
                      field("value", &Revocation::value, any, "Which token or key."),
                      field("at", &Revocation::at, any, "When."),
                      field("tenant", &Revocation::tenant, any, "Of a subject."),
                      field("subject", &Revocation::subject, any, "Whose."),
                      field_or_default("generation", &Revocation::generation, any, "Older credentials are dead."),
                      field_or_default("scopes", &Revocation::scopes, any, "What is left."),
                      field("until", &Revocation::until, any, "How long it matters."));
  }
};
struct ListRevocations {
  std::int64_t after = 0;
  static constexpr auto fields() {
    return std::tuple(field_or_default("after", &ListRevocations::after, number(0, 1LL << 60), "Cursor."));
  }
};
struct RevocationPage {
  std::vector<Revocation> revocations;  // at most 1,000
  std::int64_t head = 0;  // newest seq of the feed
  bool more = false;  // whether the feed has more than this page
  static constexpr auto fields() {
    return std::tuple(field("revocations", &RevocationPage::revocations, any, "After the cursor."),
                      field("head", &RevocationPage::head, any, "Newest of the feed."),
                      field_or_default("more", &RevocationPage::more, any, "Whether another page follows."));
  }
};
struct Jwks {
  json::array keys;
  static constexpr auto fields() { return std::tuple(field("keys", &Jwks::keys, any, "JSON Web Keys.")); }
};

}  // namespace writ::identity
