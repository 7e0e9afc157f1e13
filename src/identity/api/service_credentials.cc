#include "identity/api/service_credentials.h"

namespace writ::identity {

Task<Result<std::string>> ServiceCredentials::service_token(Context ctx, std::string_view audience) {
  const std::string callee(audience);
  {
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(callee);
    if (it != held_.end() && clock_.steady() < it->second.renew_at) {
      const auto now = clock_.now();
      if (it->second.from <= now && now < it->second.until) co_return it->second.token;
    }
  }
  WRIT_CO_TRY(auto made,
              co_await identity_.token(std::move(ctx), {.grant_type = "client_credentials",
                                                        .client_id = client_id_,
                                                        .client_secret = std::string(client_secret_.reveal()),
                                                        .audience = callee,
                                                        .scope = {}}));
  const std::lock_guard lock(mutex_);
  // Renewed after four fifths of its life, so that none expires on its way.
  const Seconds life{made.expires_in * 4 / 5};
  const auto now = clock_.now();
  held_[callee] = {.token = made.access_token, .renew_at = clock_.steady() + life, .from = now, .until = now + life};
  co_return std::move(made.access_token);
}

Task<Result<std::string>> ServiceCredentials::principal_token(Context ctx, std::string_view audience) {
  if (auto known = tokens_.assertion(ctx.principal, audience)) co_return std::move(*known);
  const std::string callee(audience);
  // Identity is asked as this service, without a principal, which is what the answer will be proof of.
  const auto principal = std::exchange(ctx.principal, {});
  auto shown = tokens_.shown(principal);
  auto made = shown ? co_await exchanged(std::move(ctx), std::move(*shown), principal.scopes, callee)
                    : co_await resolved(std::move(ctx), principal, callee);
  if (!made) co_return fail(std::move(made).error());
  tokens_.keep(principal, callee, made->token, made->expires_at);
  co_return std::move(made->token);
}

Task<Result<ServiceCredentials::Assertion>> ServiceCredentials::exchanged(Context ctx, std::string shown,
                                                                          std::vector<std::string> scopes,
                                                                          std::string audience) {
  WRIT_CO_TRY(auto made, co_await identity_.exchange(std::move(ctx), {.token = std::move(shown),
                                                                      .audience = std::move(audience),
                                                                      .scopes = std::move(scopes)}));
  if (!made.token || !made.expires_at) co_return fail(internal("an exchange without its token", "service_credentials"));
  co_return Assertion{.token = std::move(*made.token), .expires_at = *made.expires_at};
}

Task<Result<ServiceCredentials::Assertion>> ServiceCredentials::resolved(Context ctx, Principal principal,
                                                                         std::string audience) {
  WRIT_CO_TRY(auto made,
              co_await identity_.resolve(std::move(ctx), {.tenant = std::move(principal.tenant),
                                                          .subject = std::move(principal.subject),
                                                          .credential = CredentialInfo::of(principal.credential),
                                                          .scopes = std::move(principal.scopes),
                                                          .act = std::move(principal.act),
                                                          .audience = std::move(audience)}));
  if (!made.token || !made.expires_at)
    co_return fail(internal("a resolution without its token", "service_credentials"));
  co_return Assertion{.token = std::move(*made.token), .expires_at = *made.expires_at};
}

}  // namespace writ::identity
