#include "identity/api/authenticators.h"

#include "crypto/api_key.h"
#include "crypto/hash.h"

namespace writ::identity {
namespace {

/// The credentials of `Authorization: Bearer …`, inside the head.
Result<std::string_view> bearer(const http::RequestHead& head) {
  if (head.count("authorization") > 1)
    return fail(unauthenticated("malformed_credentials", "the Authorization header stands twice"));
  const auto value = head.header("authorization");
  if (value.empty())
    return fail(unauthenticated("no_credentials", "send Authorization: Bearer with an API key or a token"));
  constexpr std::string_view scheme = "bearer ";
  if (value.size() <= scheme.size() || !http::same_name(value.substr(0, scheme.size() - 1), "bearer") ||
      value[scheme.size() - 1] != ' ')
    return fail(unauthenticated("malformed_credentials",
                                "the Authorization header must be: Bearer, one space, and the key or token"));
  return value.substr(scheme.size());
}

}  // namespace

Task<Result<http::Authenticated>> PublicAuthenticator::authenticate(Context ctx, const http::RequestHead& head,
                                                                    const http::OperationInfo&) {
  auto who = co_await prove(std::move(ctx), head);
  if (!who && failed_ != nullptr) failed_->note(head.peer, who.error());
  co_return who;
}

Task<Result<http::Authenticated>> PublicAuthenticator::prove(Context ctx, const http::RequestHead& head) {
  WRIT_CO_TRY(const auto credentials, bearer(head));
  if (!credentials.starts_with(crypto::api_key_prefix)) {
    WRIT_CO_TRY(auto claims, verifier_.verify(credentials, principal_audience));
    if (tokens_ != nullptr) tokens_->showed(claims.principal, credentials, claims.expires_at);
    co_return http::Authenticated{.principal = std::move(claims.principal), .caller = {}};
  }
  WRIT_CO_CHECK(verifier_.fresh());
  auto memory_key = crypto::sha256(credentials);
  if (auto principal = known(memory_key, *verifier_.snapshot()))
    co_return http::Authenticated{.principal = std::move(*principal), .caller = {}};
  co_return co_await exchanged(std::move(ctx), std::string(credentials), std::move(memory_key));
}

std::optional<Principal> PublicAuthenticator::known(const std::string& memory_key, const TrustSnapshot& trust) {
  auto key = known_.find(memory_key);
  if (!key) return std::nullopt;
  // What was revoked is exchanged again: identity says why it holds no more, or what the key has now.
  if (key->expires_at <= clock_.now() || !trust.revocations->holds(key->principal, {})) {
    known_.erase(memory_key);
    return std::nullopt;
  }
  trust.revocations->narrow(key->principal);
  return std::move(key->principal);
}

Task<Result<http::Authenticated>> PublicAuthenticator::exchanged(Context ctx, std::string key, std::string memory_key) {
  WRIT_CO_TRY(auto made, co_await identity_.exchange(std::move(ctx), {.token = std::move(key)}));
  if (!made.active || !made.principal || !made.token || !made.expires_at || !made.credential)
    co_return fail(unauthenticated("invalid_key", "the API key does not hold"));
  auto& who = *made.principal;
  Principal principal{.tenant = who.tenant,
                      .subject = who.subject,
                      .kind = who.kind,
                      .scopes = std::move(who.scopes),
                      .act = {},
                      .credential = made.credential->credential()};
  if (tokens_ != nullptr) tokens_->showed(principal, *made.token, *made.expires_at);
  // Exchanged again a little before the token ends, so that what follows always has a token that holds.
  known_.put(memory_key, {.principal = principal, .expires_at = *made.expires_at - Seconds{30}});
  co_return http::Authenticated{.principal = std::move(principal), .caller = {}};
}

Task<Result<http::Authenticated>> ServiceAuthenticator::authenticate(Context, const http::RequestHead& head,
                                                                     const http::OperationInfo&) {
  WRIT_CO_TRY(const auto credentials, bearer(head));
  WRIT_CO_TRY(const auto service, verifier_.verify(credentials, callee_));
  constexpr std::string_view prefix = "svc:";
  if (service.principal.kind != PrincipalKind::service || !service.principal.subject.str().starts_with(prefix))
    co_return fail(unauthenticated("not_a_service", "only services call this address"));
  http::Authenticated out{.principal = {}, .caller = service.principal.subject.str().substr(prefix.size())};
  if (head.count("writ-principal") > 1)
    co_return fail(unauthenticated("malformed_credentials", "the Writ-Principal header stands twice"));
  if (const auto token = head.header("writ-principal"); !token.empty()) {
    WRIT_CO_TRY(auto claims, verifier_.verify(token, callee_, TokenUse::assertion));
    if (claims.caller != out.caller)
      co_return fail(unauthenticated("wrong_caller", "the proof of a principal was made for another service to show"));
    out.principal = std::move(claims.principal);
  }
  co_return out;
}

}  // namespace writ::identity
