// The part of the store that takes things away: revocations and their feed, and who made whom.
#include <algorithm>

#include "identity/audit_facts.h"
#include "identity/identity_tables.h"

namespace writ::identity {
namespace {

constexpr std::int64_t page_max = 1000;  // rows of a page of the feed, about 200 bytes each
// A run may wait 90 days for one person, and is looked at again when it goes on.
constexpr Seconds token_rows_kept = std::chrono::hours{24 * 91};
constexpr std::size_t makers_max = 32;  // of one party; administrators who make administrators are few

// The tokens that descend from those that `seed` selects, each once and only while it can be shown.
Result<std::int64_t> revoke_tokens(sql::Transaction& tx, std::string_view statement, std::string_view first,
                                   std::string_view second) {
  WRIT_TRY(const auto rows, tx.rows(statement, first, second, tx.now() - clock_skew_max));
  std::int64_t seq = 0;
  for (const auto& row : rows) {
    WRIT_TRY(seq, tables::add_revocation(tx, {.kind = "token",
                                              .value = row.get<std::string>(0),
                                              .until = row.get<WallTime>(1) + clock_skew_max}));
  }
  return seq;
}

constexpr std::string_view descendants_of_token =
    "WITH RECURSIVE line(jti) AS (SELECT jti FROM issued_tokens WHERE parent = ?1 AND ?2 = '' "
    "UNION SELECT i.jti FROM issued_tokens i JOIN line ON i.parent = line.jti) "
    "SELECT i.jti, i.expires_at FROM issued_tokens i JOIN line ON line.jti = i.jti WHERE i.expires_at > ?3";
constexpr std::string_view descendants_of_issuer =
    "WITH RECURSIVE line(jti) AS (SELECT jti FROM issued_tokens WHERE tenant = ?1 AND issued_by = ?2 "
    "UNION SELECT i.jti FROM issued_tokens i JOIN line ON i.parent = line.jti) "
    "SELECT i.jti, i.expires_at FROM issued_tokens i JOIN line ON line.jti = i.jti WHERE i.expires_at > ?3";

Result<std::int64_t> end_principal(sql::Transaction& tx, const StoredPrincipal& p) {
  WRIT_CHECK(tx.run("UPDATE principals SET generation = generation + 1 WHERE tenant = ?1 AND subject = ?2", p.tenant,
                    p.subject));
  WRIT_CHECK(tx.run("UPDATE api_keys SET revoked_at = ?3 WHERE tenant = ?1 AND subject = ?2 AND revoked_at IS NULL",
                    p.tenant, p.subject, tx.now()));
  WRIT_CHECK(revoke_tokens(tx, descendants_of_issuer, p.tenant.str(), p.subject.str()));
  // `value` is for verifiers of the version before, which know one text only.
  return tables::add_revocation(tx, {.kind = "subject",
                                     .value = p.tenant.str() + "/" + p.subject.str(),
                                     .tenant = p.tenant,
                                     .subject = p.subject,
                                     .generation = p.generation + 1});
}

Result<std::optional<PrincipalName>> maker_in(sql::Reader& reader, std::string_view statement, const TenantId& tenant,
                                              std::string_view id) {
  WRIT_TRY(const auto row, reader.row(statement, tenant, id));
  if (!row) return std::nullopt;
  const auto subject = row->get<std::optional<Subject>>(1);
  if (!subject) return std::nullopt;
  return PrincipalName{row->get<std::optional<TenantId>>(0).value_or(tenant), *subject};
}

Result<std::vector<PrincipalName>> makers_of(sql::Reader& reader, const TenantId& tenant, const Party& party) {
  std::vector<PrincipalName> out;
  const auto add = [&](PrincipalName name) {
    if (std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  };
  const auto follow = [&](const PrincipalName& name) -> Status {
    WRIT_TRY(auto maker,
             maker_in(reader, "SELECT maker_tenant, maker FROM principals WHERE tenant = ?1 AND subject = ?2",
                      name.tenant, name.subject.str()));
    if (maker) add(*std::move(maker));
    return {};
  };
  if (party.credential) {
    for (const auto& issuer_name : party.credential->made_by) add({tenant, Subject(issuer_name)});
    if (party.credential->key_id) {
      WRIT_TRY(auto maker,
               maker_in(reader, "SELECT maker_tenant, maker FROM api_keys WHERE tenant = ?1 AND key_id = ?2", tenant,
                        party.credential->key_id->str()));
      if (maker) add(*std::move(maker));
    }
  }
  WRIT_CHECK(follow({tenant, party.subject}));
  for (const auto& actor : party.act) WRIT_CHECK(follow({tenant, Subject(actor)}));
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out.size() > makers_max)
      return fail(conflict("makers_too_many", "it cannot be told who made " + party.subject.str()));
    WRIT_CHECK(follow(out[i]));  // it has read the name before it appends
  }
  return out;
}

}  // namespace

Task<Result<std::int64_t>> IdentityStore::narrow_key(Context ctx, TenantId tenant, KeyId key,
                                                     std::vector<std::string> scopes) {
  const auto actor = actor_of(ctx);
  return database_.write(std::move(ctx),
                         [actor, tenant = std::move(tenant), key = std::move(key),
                          scopes = std::move(scopes)](sql::Transaction& tx) -> Result<std::int64_t> {
                           WRIT_CHECK(tx.run("UPDATE api_keys SET scopes = ?3 WHERE tenant = ?1 AND key_id = ?2",
                                             tenant, key, tables::scopes_text(scopes)));
                           WRIT_CHECK(tell(tx, actor, policy::audit_kind::key_changed, tenant,
                                           {{"key_id", key.str()}, {"scopes", schema::encode(scopes)}}));
                           return tables::add_revocation(tx,
                                                         {.kind = "key_scopes", .value = key.str(), .scopes = scopes});
                         });
}

Task<Result<std::int64_t>> IdentityStore::revoke_token(Context ctx, std::string jti, WallTime expires_at) {
  const auto actor = actor_of(ctx);
  return database_.write(
      std::move(ctx), [actor, jti = std::move(jti), expires_at](sql::Transaction& tx) -> Result<std::int64_t> {
        WRIT_CHECK(revoke_tokens(tx, descendants_of_token, jti, ""));
        WRIT_CHECK(tell(tx, actor, policy::audit_kind::token_revoked, actor.principal.tenant, {{"token_id", jti}}));
        return tables::add_revocation(tx, {.kind = "token", .value = jti, .until = expires_at + clock_skew_max});
      });
}

Task<Result<std::int64_t>> IdentityStore::revoke_key(Context ctx, TenantId tenant, KeyId key) {
  const auto actor = actor_of(ctx);
  return database_.write(
      std::move(ctx),
      [actor, tenant = std::move(tenant), key = std::move(key)](sql::Transaction& tx) -> Result<std::int64_t> {
        WRIT_TRY(const auto changed,
                 tx.run("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?3) WHERE tenant = ?1 AND key_id = ?2",
                        tenant, key, tx.now()));
        if (changed == 0) return fail(not_found("no_key", "there is no key " + key.str()));
        WRIT_CHECK(tell(tx, actor, policy::audit_kind::key_revoked, tenant, {{"key_id", key.str()}}));
        return tables::add_revocation(tx, {.kind = "key", .value = key.str()});
      });
}

Task<Result<std::int64_t>> IdentityStore::revoke_subject(Context ctx, TenantId tenant, Subject subject) {
  const auto actor = actor_of(ctx);
  return database_.write(
      std::move(ctx),
      [actor, tenant = std::move(tenant), subject = std::move(subject)](sql::Transaction& tx) -> Result<std::int64_t> {
        WRIT_TRY(const auto principal, tables::find_principal(tx, tenant, subject));
        if (!principal) return 0;
        WRIT_CHECK(tell(tx, actor, policy::audit_kind::principal_revoked, tenant, {{"principal", subject.str()}}));
        return end_principal(tx, *principal);
      });
}

Task<Result<std::int64_t>> IdentityStore::remove(Context ctx, TenantId tenant, Subject subject) {
  const auto actor = actor_of(ctx);
  return database_.write(
      std::move(ctx),
      [actor, tenant = std::move(tenant), subject = std::move(subject)](sql::Transaction& tx) -> Result<std::int64_t> {
        WRIT_TRY(const auto principal, tables::find_principal(tx, tenant, subject));
        if (!principal) return fail(not_found("no_principal", "there is no principal " + subject.str()));
        WRIT_CHECK(tell(tx, actor, policy::audit_kind::principal_removed, tenant,
                        {{"principal", subject.str()}, {"before", schema::encode(principal->scopes)}}));
        WRIT_TRY(const auto seq, end_principal(tx, *principal));
        WRIT_CHECK(tx.run("UPDATE principals SET removed_at = ?3, scopes = '[]' WHERE tenant = ?1 AND subject = ?2",
                          tenant, subject, tx.now()));
        return seq;
      });
}

Task<Result<RevocationPage>> IdentityStore::revocations(Context ctx, std::int64_t after) {
  return database_.read(std::move(ctx), [after](sql::Reader& reader) -> Result<RevocationPage> {
    WRIT_TRY(const auto newest, reader.row("SELECT coalesce(max(seq), 0) FROM revocations"));
    WRIT_TRY(const auto rows,
             reader.rows("SELECT seq, kind, value, at, tenant, subject, generation, scopes, until FROM revocations "
                         "WHERE seq > ?1 AND until > ?2 ORDER BY seq LIMIT ?3",
                         after, reader.now(), page_max));
    RevocationPage page{.revocations = {}, .head = newest->get<std::int64_t>(0)};
    for (const auto& row : rows) {
      const auto scopes = row.get<std::optional<std::string>>(7);
      page.revocations.push_back({.seq = row.get<std::int64_t>(0),
                                  .kind = row.get<std::string>(1),
                                  .value = row.get<std::string>(2),
                                  .at = row.get<WallTime>(3),
                                  .tenant = row.get<std::optional<TenantId>>(4),
                                  .subject = row.get<std::optional<Subject>>(5),
                                  .generation = row.get<std::int64_t>(6),
                                  .scopes = scopes ? tables::scopes_from(*scopes) : std::vector<std::string>(),
                                  .until = row.get<WallTime>(8)});
    }
    page.more = rows.size() == static_cast<std::size_t>(page_max);
    return page;
  });
}

Task<Status> IdentityStore::forget_old(Context ctx) {
  return database_.write(std::move(ctx), [](sql::Transaction& tx) -> Status {
    WRIT_CHECK(tx.run("DELETE FROM revocations WHERE until < ?1 AND (kind <> 'token' OR at < ?2)", tx.now(),
                      tx.now() - token_rows_kept));
    WRIT_CHECK(tx.run("DELETE FROM issued_tokens WHERE family_until < ?1", tx.now() - clock_skew_max));
    return {};
  });
}

Task<Result<std::vector<PrincipalName>>> IdentityStore::makers(Context ctx, TenantId tenant, Party party) {
  return database_.read(std::move(ctx), [tenant = std::move(tenant), party = std::move(party)](sql::Reader& reader) {
    return makers_of(reader, tenant, party);
  });
}

}  // namespace writ::identity
