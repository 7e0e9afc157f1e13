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
  WRIT_CO_TRY(const auto credentials, bearer(head));
  if (!credentials.starts_with(crypto::api_key_prefix)) {
    WRIT_CO_TRY(auto claims, verifier_.verify(credentials, principal_audience));
    tokens_.remember(claims.principal, credentials, claims.expires_at);
    co_return http::Authenticated{.principal = std::move(claims.principal), .caller = {}};
  }
  WRIT_CO_CHECK(verifier_.fresh());
  auto memory_key = crypto::sha256(credentials);
  if (auto principal = known(memory_key, *verifier_.snapshot()))
    co_return http::Authenticated{.principal = std::move(*principal), .caller = {}};
  co_return co_await exchanged(std::move(ctx), std::string(credentials), std::move(memory_key));
}

std::optional<Principal> PublicAuthenticator::known(const std::string& memory_key, const TrustSnapshot& trust) {
  const std::lock_guard lock(mutex_);
  const auto it = known_.find(memory_key);
  if (it == known_.end()) return std::nullopt;
  const auto& key = it->second;
  // Without a token that holds (its own may have been revoked) the key is exchanged again.
  if (key.expires_at <= clock_.now() || trust.revoked_keys.contains(key.key_id.str()) || !tokens_.has(key.principal)) {
    known_.erase(it);
    return std::nullopt;
  }
  return it->second.principal;
}

Task<Result<http::Authenticated>> PublicAuthenticator::exchanged(Context ctx, std::string key, std::string memory_key) {
  WRIT_CO_TRY(auto verification, co_await identity_.exchange(std::move(ctx), {.token = std::move(key)}));
  if (!verification.active || !verification.principal || !verification.token || !verification.expires_at ||
      !verification.key_id)
    co_return fail(unauthenticated("invalid_key", "the API key does not hold"));
  auto& who = *verification.principal;
  Principal principal{
      .tenant = who.tenant, .subject = who.subject, .kind = who.kind, .scopes = std::move(who.scopes), .act = {}};
  tokens_.remember(principal, *verification.token, *verification.expires_at);
  // Exchanged again a little before the token ends, so that what follows always has a token that holds.
  const KnownKey entry{
      .principal = principal, .key_id = *verification.key_id, .expires_at = *verification.expires_at - Seconds{30}};
  const std::lock_guard lock(mutex_);
  if (known_.size() >= known_max)
    std::erase_if(known_, [&](const auto& e) { return e.second.expires_at <= clock_.now(); });
  if (known_.size() < known_max) known_[memory_key] = entry;
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
  if (const auto token = head.header("writ-principal"); !token.empty()) {
    WRIT_CO_TRY(auto claims, verifier_.verify(token, principal_audience));
    tokens_.remember(claims.principal, token, claims.expires_at);
    out.principal = std::move(claims.principal);
  }
  co_return out;
}

}  // namespace writ::identity
