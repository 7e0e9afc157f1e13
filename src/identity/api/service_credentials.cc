#include "identity/api/service_credentials.h"

namespace writ::identity {

Task<Result<std::string>> ServiceCredentials::service_token(Context ctx, std::string_view audience) {
  const std::string callee(audience);
  {
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(callee);
    if (it != held_.end() && clock_.steady() < it->second.renew_at) co_return it->second.token;
  }
  WRIT_CO_TRY(auto made,
              co_await identity_.token(std::move(ctx), {.grant_type = "client_credentials",
                                                        .client_id = client_id_,
                                                        .client_secret = std::string(client_secret_.reveal()),
                                                        .audience = callee,
                                                        .scope = {}}));
  const std::lock_guard lock(mutex_);
  // Renewed after four fifths of its life, so that none expires on its way.
  held_[callee] = {made.access_token, clock_.steady() + Seconds{made.expires_in * 4 / 5}};
  co_return std::move(made.access_token);
}

Task<Result<std::string>> ServiceCredentials::principal_token(Context ctx) {
  auto token = tokens_.find(ctx.principal);
  if (!token)
    co_return fail(
        unauthenticated("no_principal_token", "this service holds no token of " + ctx.principal.subject.str()));
  co_return std::move(*token);
}

Task<Result<Resolution>> TokenKeepingIdentity::resolve(Context ctx, ResolveRequest in) {
  ctx.principal = {};  // the caller asks as a service; it has no token of the principal yet
  auto resolution = co_await identity_.resolve(std::move(ctx), std::move(in));
  if (resolution) {
    const auto& who = resolution->principal;
    tokens_.remember({.tenant = who.tenant, .subject = who.subject, .kind = who.kind, .scopes = who.scopes, .act = {}},
                     resolution->token, resolution->expires_at);
  }
  co_return resolution;
}

}  // namespace writ::identity
