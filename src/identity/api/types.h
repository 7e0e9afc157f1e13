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
        field_or_default("ttl_seconds", &IssueRequest::ttl_seconds, number(1, 3600), "Lifetime, seconds."));
  }
};
struct VerifyRequest {
  std::string token;
  static constexpr auto fields() {
    return std::tuple(field("token", &VerifyRequest::token, text(1, 8192), "Token or API key."));
  }
};
struct Verification {
  bool active = false;
  std::optional<PrincipalInfo> principal;
  std::optional<WallTime> expires_at;
  std::optional<std::string> token;  // exchange of an API key: a principal token of 5 minutes
  std::optional<KeyId> key_id;       // of an API key
  static constexpr auto fields() {
    return std::tuple(field("active", &Verification::active, any, "Whether it holds now."),
                      field("principal", &Verification::principal, any, "Whose it is."),
                      field("expires_at", &Verification::expires_at, any, "End."),
                      field("token", &Verification::token, any, "Principal token."),
                      field("key_id", &Verification::key_id, any, "Of an API key."));
  }
};
struct RevokeRequest {
  std::optional<std::string> token;   // a token, by its jti
  std::optional<KeyId> key_id;        // an API key
  std::optional<Subject> subject;     // everything issued to a principal until now
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

/// Looks a principal up again; runs do so before every step. Roles taken away since count.
/// The caller is a service and has no token of the principal yet, so the tenant stands in the request.
struct ResolveRequest {
  TenantId tenant;
  Subject subject;
  static constexpr auto fields() {
    return std::tuple(field("tenant", &ResolveRequest::tenant, name_text, "Tenant."),
                      field("subject", &ResolveRequest::subject, name_text, "Principal."));
  }
};
struct Resolution {
  PrincipalInfo principal;
  std::string token;  // a principal token, for Writ-Principal
  WallTime expires_at;
  static constexpr auto fields() {
    return std::tuple(field("principal", &Resolution::principal, any, "As it is now."),
                      field("token", &Resolution::token, any, "Principal token."),
                      field("expires_at", &Resolution::expires_at, any, "End of the token."));
  }
};

struct Revocation {
  std::int64_t seq = 0;
  std::string kind;  // "token" (value = jti), "key" (key id), "subject" (tenant/subject: tokens issued before `at`)
  std::string value;
  WallTime at;
  static constexpr auto fields() {
    return std::tuple(field("seq", &Revocation::seq, any, "Cursor."),
                      field("kind", &Revocation::kind, any, "token, key or subject."),
                      field("value", &Revocation::value, any, "What."), field("at", &Revocation::at, any, "When."));
  }
};
struct ListRevocations {
  std::int64_t after = 0;
  static constexpr auto fields() {
    return std::tuple(field_or_default("after", &ListRevocations::after, number(0, 1LL << 60), "Cursor."));
  }
};
struct RevocationPage {
  std::vector<Revocation> revocations;
  std::int64_t head = 0;  // newest seq
  static constexpr auto fields() {
    return std::tuple(field("revocations", &RevocationPage::revocations, any, "After the cursor."),
                      field("head", &RevocationPage::head, any, "Newest."));
  }
};
struct Jwks {
  json::array keys;
  static constexpr auto fields() { return std::tuple(field("keys", &Jwks::keys, any, "JSON Web Keys.")); }
};

}  // namespace writ::identity
