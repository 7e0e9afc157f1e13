// The part of the service that administrators and reviewers use: keys, scopes, revocation, and who may approve whom.
#include <algorithm>

#include "crypto/api_key.h"
#include "identity/granting.h"
#include "identity/identity_service.h"

namespace writ::identity {

bool within(const std::vector<std::string>& wanted, const std::vector<std::string>& granted) {
  return std::ranges::all_of(wanted, [&](const auto& scope) {
    return std::ranges::find(granted, scope) != granted.end() || std::ranges::find(granted, "*") != granted.end();
  });
}

PrincipalInfo info_of(const StoredPrincipal& p) {
  return {.tenant = p.tenant, .subject = p.subject, .kind = p.kind, .scopes = p.scopes};
}

Error not_granted(std::string_view whose) {
  return forbidden("scope_not_granted", std::string(whose) + " not have all of these scopes");
}

Task<Result<Revoked>> IdentityService::revoke(Context ctx, RevokeRequest in) {
  const int given = (in.token ? 1 : 0) + (in.key_id ? 1 : 0) + (in.subject ? 1 : 0);
  if (given != 1)
    co_return fail(invalid("invalid_request", "give one of token, key_id and subject",
                           {{"", "exactly one of token, key_id, subject"}}));
  if (in.token) co_return co_await revoke_token(std::move(ctx), std::move(*in.token));
  const auto tenant = ctx.principal.tenant;
  auto seq = in.key_id ? co_await store_.revoke_key(std::move(ctx), tenant, *in.key_id)
                       : co_await store_.revoke_subject(std::move(ctx), tenant, *in.subject);
  if (!seq) co_return fail(std::move(seq).error());
  co_return Revoked{.seq = *seq};
}

// RFC 7009: revoking what does not hold anyway is a success; another tenant's token is not yours to see.
Task<Result<Revoked>> IdentityService::revoke_token(Context ctx, std::string token) {
  const auto tenant = ctx.principal.tenant;
  Result<std::int64_t> seq = 0;
  if (token.starts_with(crypto::api_key_prefix)) {
    WRIT_CO_TRY(const auto key, co_await store_.key_by_hash(ctx, keyed_hash(token)));
    if (!key || key->principal.tenant != tenant) co_return Revoked{};
    seq = co_await store_.revoke_key(std::move(ctx), tenant, key->id);
  } else {
    const auto claims = read_token(token);
    if (!claims || claims->principal.tenant != tenant) co_return Revoked{};
    seq = co_await store_.revoke_token(std::move(ctx), claims->jti, claims->expires_at);
  }
  if (!seq) co_return fail(std::move(seq).error());
  co_return Revoked{.seq = *seq};
}

Task<Result<CreatedKey>> IdentityService::create_key(Context ctx, CreateKey in) {
  const auto tenant = in.tenant.value_or(ctx.principal.tenant);
  WRIT_CO_CHECK(check_subject(in.subject));
  WRIT_CO_CHECK(check_tenant(tenant));
  const bool everything = std::ranges::find(ctx.principal.scopes, "*") != ctx.principal.scopes.end();
  if (tenant != ctx.principal.tenant && !everything)
    co_return fail(forbidden("scope_not_granted", "a key of another tenant needs the scope *"));
  if (!within(in.scopes, ctx.principal.scopes)) co_return fail(not_granted("you do"));
  if (in.kind == PrincipalKind::service)
    co_return fail(invalid("invalid_request", "services use client credentials", {{"/kind", "must be user or agent"}}));
  const auto secret = crypto::make_api_key(random_);
  StoredKey key{.id = make_id<KeyId>(clock_.now(), random_),
                .principal = {.tenant = tenant, .subject = in.subject, .kind = in.kind, .scopes = in.scopes},
                .revoked_at = {}};
  auto by = ctx.principal;
  WRIT_CO_CHECK(co_await store_.put_key(std::move(ctx), key, keyed_hash(secret.reveal()), std::move(by)));
  co_return CreatedKey{.key_id = key.id, .api_key = std::string(secret.reveal())};
}

Task<Result<StoredPrincipal>> IdentityService::lesser(Context ctx, Subject subject) {
  const auto& by = ctx.principal;
  WRIT_CO_TRY(auto principal, co_await store_.principal(ctx, by.tenant, subject));
  if (!principal) co_return fail(not_found("no_principal", "there is no principal " + subject.str()));
  if (!within(principal->scopes, by.scopes))
    co_return fail(forbidden("scope_not_granted", "it has scopes that you do not have"));
  co_return *std::move(principal);
}

Task<Result<PrincipalInfo>> IdentityService::set_scopes(Context ctx, SetScopes in) {
  WRIT_CO_TRY(auto principal, co_await lesser(ctx, in.subject));
  if (!within(in.scopes, ctx.principal.scopes)) co_return fail(not_granted("you do"));
  principal.scopes = in.scopes;
  auto tenant = ctx.principal.tenant;
  WRIT_CO_CHECK(
      co_await store_.set_scopes(std::move(ctx), std::move(tenant), std::move(in.subject), std::move(in.scopes)));
  co_return info_of(principal);
}

Task<Result<Revoked>> IdentityService::narrow_key(Context ctx, NarrowKey in) {
  const auto tenant = ctx.principal.tenant;
  WRIT_CO_TRY(const auto key, co_await store_.key(ctx, tenant, in.key_id));
  if (!within(key.principal.scopes, ctx.principal.scopes))
    co_return fail(forbidden("scope_not_granted", "the key has scopes that you do not have"));
  if (!within(in.scopes, key.principal.scopes)) co_return fail(not_granted("the key does"));
  WRIT_CO_TRY(const auto seq, co_await store_.narrow_key(std::move(ctx), tenant, in.key_id, std::move(in.scopes)));
  co_return Revoked{.seq = seq};
}

Task<Result<Revoked>> IdentityService::remove(Context ctx, PrincipalRef in) {
  WRIT_CO_CHECK(co_await lesser(ctx, in.subject));
  auto tenant = ctx.principal.tenant;
  WRIT_CO_TRY(const auto seq, co_await store_.remove(std::move(ctx), std::move(tenant), std::move(in.subject)));
  co_return Revoked{.seq = seq};
}

Task<Result<ApproverCheck>> IdentityService::check_approver(Context ctx, ApproverRequest in) {
  // A person is known by the subject; who acts for somebody counts as that somebody.
  const auto names_of = [&](const Party& party) {
    std::vector<PrincipalName> out{{in.tenant, party.subject}};
    for (const auto& actor : party.act) out.push_back({in.tenant, Subject(actor)});
    return out;
  };
  const auto meet = [](const std::vector<PrincipalName>& a, const std::vector<PrincipalName>& b) {
    return std::ranges::any_of(a, [&](const auto& name) { return std::ranges::find(b, name) != b.end(); });
  };
  const auto requesters = names_of(in.requester), approvers = names_of(in.approver);
  if (meet(requesters, approvers))
    co_return ApproverCheck{.code = "own_request", .message = "nobody answers a review of their own run"};
  Credential credential;
  if (in.approver.credential) credential = in.approver.credential->credential();
  auto standing = in.approver.credential ? co_await store_.standing(ctx, in.tenant, in.approver.subject, credential)
                                         : Result<StoredPrincipal>(fail(Error{}));
  if (!in.approver.credential) {
    WRIT_CO_TRY(auto principal, co_await store_.principal(ctx, in.tenant, in.approver.subject));
    if (principal) standing = *std::move(principal);
    else standing = fail(not_found("no_principal", "the approver is no more"));
  }
  if (!standing) {
    const auto kind = standing.error().kind;
    if (kind != ErrorKind::not_found && kind != ErrorKind::unauthenticated) co_return fail(std::move(standing).error());
    co_return ApproverCheck{.code = "approver_gone", .message = "the approver's access has ended"};
  }
  if (!in.scope.empty() && !within({in.scope}, standing->scopes))
    co_return ApproverCheck{.code = "missing_scope", .message = "this review needs the scope " + in.scope};
  auto made_requester = co_await store_.makers(ctx, in.tenant, in.requester);
  auto made_approver = co_await store_.makers(ctx, in.tenant, in.approver);
  const ApproverCheck related{
      .code = "not_independent",
      .message = "one of the two made the other or what it came with: four eyes are two people"};
  if (!made_requester || !made_approver) {
    auto& error = made_requester ? made_approver.error() : made_requester.error();
    if (error.code == "makers_too_many") co_return related;
    co_return fail(std::move(error));
  }
  if (meet(*made_requester, approvers) || meet(*made_approver, requesters)) co_return related;
  co_return ApproverCheck{};
}

}  // namespace writ::identity
