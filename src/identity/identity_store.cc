#include "identity/identity_store.h"

#include <algorithm>

#include "identity/audit_facts.h"
#include "identity/identity_tables.h"

namespace writ::identity {

using tables::principal_of;
using tables::scopes_text;

namespace {

std::optional<std::string> maker_tenant(const std::optional<Principal>& by) {
  return by ? std::optional(by->tenant.str()) : std::nullopt;
}
std::optional<std::string> maker(const std::optional<Principal>& by) {
  return by ? std::optional(by->subject.str()) : std::nullopt;
}

std::vector<std::string> united(std::vector<std::string> all, const std::vector<std::string>& more) {
  for (const auto& scope : more)
    if (std::ranges::find(all, scope) == all.end()) all.push_back(scope);
  return all;
}

Result<std::int64_t> tell_scopes(sql::Transaction& tx, const StoredPrincipal& p) {
  return tables::add_revocation(
      tx, {.kind = "subject_scopes", .value = {}, .tenant = p.tenant, .subject = p.subject, .scopes = p.scopes});
}

// A new principal, or one that comes back after it was removed, is its maker's; a known one only gets more scopes.
Status write_principal(sql::Transaction& tx, const StoredPrincipal& p, const std::optional<Principal>& by) {
  WRIT_TRY(const auto known, tables::find_principal(tx, p.tenant, p.subject));
  if (!known) {
    WRIT_CHECK(tx.run(
        "INSERT INTO principals (tenant, subject, kind, scopes, created_at, maker_tenant, maker) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tenant, subject) DO UPDATE SET "
        "kind = excluded.kind, scopes = excluded.scopes, removed_at = NULL, "
        "maker_tenant = excluded.maker_tenant, maker = excluded.maker",
        p.tenant, p.subject, schema::name_of(p.kind), scopes_text(p.scopes), tx.now(), maker_tenant(by), maker(by)));
    return {};
  }
  auto wider = *known;
  wider.scopes = united(known->scopes, p.scopes);
  if (wider.scopes == known->scopes) return {};
  WRIT_CHECK(tx.run("UPDATE principals SET scopes = ?3 WHERE tenant = ?1 AND subject = ?2", p.tenant, p.subject,
                    scopes_text(wider.scopes)));
  WRIT_CHECK(tell_scopes(tx, wider));
  return {};
}

}  // namespace

sql::Migrations identity_migrations() {
  return {outbox::outbox_migration(),
          {.name = "identity/0001_principals", .sql = R"(
CREATE TABLE principals (
  tenant TEXT NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL, scopes TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE api_keys (
  tenant TEXT NOT NULL, key_id TEXT NOT NULL, subject TEXT NOT NULL, scopes TEXT NOT NULL,
  key_hash BLOB NOT NULL UNIQUE,  -- HMAC-SHA-256 of the key
  created_at INTEGER NOT NULL, revoked_at INTEGER,
  PRIMARY KEY (tenant, key_id),
  FOREIGN KEY (tenant, subject) REFERENCES principals (tenant, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE clients (
  client_id TEXT NOT NULL PRIMARY KEY,  -- services: one name each, whatever the tenant
  tenant TEXT NOT NULL, subject TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  FOREIGN KEY (tenant, subject) REFERENCES principals (tenant, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE revocations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE key_ring (
  id INTEGER PRIMARY KEY CHECK (id = 1), sealed TEXT NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
)"},
          {.name = "identity/0002_generations", .sql = R"(
ALTER TABLE principals ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE principals ADD COLUMN removed_at INTEGER;
-- Who made it; NULL for what set-up made.
ALTER TABLE principals ADD COLUMN maker_tenant TEXT;
ALTER TABLE principals ADD COLUMN maker TEXT;
ALTER TABLE api_keys ADD COLUMN maker_tenant TEXT;
ALTER TABLE api_keys ADD COLUMN maker TEXT;
-- A principal's scopes bound those of its keys: what its keys had, it has.
UPDATE principals SET scopes = (
  SELECT json_group_array(value) FROM (
    SELECT value FROM json_each(principals.scopes)
    UNION SELECT e.value FROM api_keys k, json_each(k.scopes) e
      WHERE k.tenant = principals.tenant AND k.subject = principals.subject AND k.revoked_at IS NULL));

ALTER TABLE revocations ADD COLUMN tenant TEXT;
ALTER TABLE revocations ADD COLUMN subject TEXT;
ALTER TABLE revocations ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revocations ADD COLUMN scopes TEXT;          -- JSON, of what is left
ALTER TABLE revocations ADD COLUMN until INTEGER NOT NULL DEFAULT 0;  -- then verifiers need it no more
CREATE INDEX revocations_by_value ON revocations (kind, value);
CREATE INDEX revocations_by_until ON revocations (until);
-- Subjects stood as one text, tenant/subject, that two principals may share: every one that it may mean is revoked.
UPDATE principals SET generation = 1
  WHERE EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'subject' AND r.value = principals.tenant || '/' || principals.subject);
INSERT INTO revocations (kind, value, at, tenant, subject, generation, until)
  SELECT 'subject', r.value, r.at, p.tenant, p.subject, 1, r.at + 3660000
  FROM revocations r JOIN principals p ON r.kind = 'subject' AND r.value = p.tenant || '/' || p.subject;
DELETE FROM revocations WHERE kind = 'subject' AND tenant IS NULL;
UPDATE revocations SET until = at + 3660000 WHERE until = 0;

CREATE TABLE issued_tokens (
  jti          TEXT NOT NULL PRIMARY KEY,
  tenant       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  parent       TEXT NOT NULL,     -- jti of the token that it was asked for with; '' for a key
  issued_by    TEXT NOT NULL,     -- subject of the same tenant
  expires_at   INTEGER NOT NULL,
  family_until INTEGER NOT NULL   -- end of the first token of its line, which no later one outlives
) STRICT, WITHOUT ROWID;
CREATE INDEX issued_by_parent ON issued_tokens (parent);
CREATE INDEX issued_by_issuer ON issued_tokens (tenant, issued_by);
CREATE INDEX issued_by_end ON issued_tokens (family_until);
)"}};
}

Task<Result<std::optional<StoredPrincipal>>> IdentityStore::principal(Context ctx, TenantId tenant, Subject subject) {
  return database_.read(std::move(ctx),
                        [tenant = std::move(tenant), subject = std::move(subject)](sql::Reader& reader) {
                          return tables::find_principal(reader, tenant, subject);
                        });
}

Task<Result<StoredPrincipal>> IdentityStore::standing(Context ctx, TenantId tenant, Subject subject,
                                                      Credential credential) {
  return database_.read(std::move(ctx),
                        [tenant = std::move(tenant), subject = std::move(subject), credential = std::move(credential)](
                            sql::Reader& reader) { return tables::standing(reader, tenant, subject, credential); });
}

Task<Status> IdentityStore::put_key(Context ctx, StoredKey key, std::string key_hash, std::optional<Principal> by) {
  const auto actor = actor_of(ctx);
  return database_.write(
      std::move(ctx),
      [actor, key = std::move(key), key_hash = std::move(key_hash),
       by = std::move(by)](sql::Transaction& tx) -> Status {
        if (by) WRIT_CHECK(tables::standing(tx, by->tenant, by->subject, by->credential));
        WRIT_CHECK(write_principal(tx, key.principal, by));
        WRIT_CHECK(
            tx.run("INSERT INTO api_keys (tenant, key_id, subject, scopes, key_hash, created_at, maker_tenant, maker) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                   key.principal.tenant, key.id, key.principal.subject, scopes_text(key.principal.scopes),
                   sql::BlobView{key_hash}, tx.now(), maker_tenant(by), maker(by)));
        return tell(tx, actor, policy::audit_kind::key_created, key.principal.tenant,
                    {{"key_id", key.id.str()},
                     {"principal", key.principal.subject.str()},
                     {"kind", schema::name_of(key.principal.kind)},
                     {"scopes", schema::encode(key.principal.scopes)}});
      });
}

Task<Result<std::optional<StoredKey>>> IdentityStore::key_by_hash(Context ctx, std::string key_hash) {
  return database_.read(
      std::move(ctx), [key_hash = std::move(key_hash)](sql::Reader& reader) -> Result<std::optional<StoredKey>> {
        WRIT_TRY(const auto row,
                 reader.row("SELECT k.key_id, k.revoked_at, k.tenant, k.subject, p.kind, k.scopes, p.generation "
                            "FROM api_keys k JOIN principals p ON p.tenant = k.tenant AND p.subject = k.subject "
                            "WHERE k.key_hash = ?1",
                            sql::BlobView{key_hash}));
        if (!row) return std::nullopt;
        return StoredKey{.id = row->get<KeyId>(0),
                         .principal = principal_of(*row, 2),
                         .revoked_at = row->get<std::optional<WallTime>>(1)};
      });
}

Task<Result<StoredKey>> IdentityStore::key(Context ctx, TenantId tenant, KeyId key) {
  return database_.read(
      std::move(ctx), [tenant = std::move(tenant), key = std::move(key)](sql::Reader& reader) -> Result<StoredKey> {
        WRIT_TRY(const auto row,
                 reader.row("SELECT k.key_id, k.revoked_at, k.tenant, k.subject, p.kind, k.scopes, p.generation "
                            "FROM api_keys k JOIN principals p ON p.tenant = k.tenant AND p.subject = k.subject "
                            "WHERE k.tenant = ?1 AND k.key_id = ?2",
                            tenant, key));
        if (!row) return fail(not_found("no_key", "there is no key " + key.str()));
        return StoredKey{.id = row->get<KeyId>(0),
                         .principal = principal_of(*row, 2),
                         .revoked_at = row->get<std::optional<WallTime>>(1)};
      });
}

Task<Result<bool>> IdentityStore::has_keys(Context ctx) {
  return database_.read(std::move(ctx), [](sql::Reader& reader) -> Result<bool> {
    WRIT_TRY(const auto row, reader.row("SELECT 1 FROM api_keys LIMIT 1"));
    return row.has_value();
  });
}

Task<Status> IdentityStore::put_client(Context ctx, StoredClient client) {
  return database_.write(std::move(ctx), [client = std::move(client)](sql::Transaction& tx) -> Status {
    // The bootstrap file says what a service may have, no less and no more.
    WRIT_CHECK(write_principal(tx, client.principal, {}));
    WRIT_CHECK(tx.run("UPDATE principals SET scopes = ?3 WHERE tenant = ?1 AND subject = ?2", client.principal.tenant,
                      client.principal.subject, scopes_text(client.principal.scopes)));
    WRIT_TRY(
        [[maybe_unused]] const auto changed,
        tx.run("INSERT INTO clients (client_id, tenant, subject, secret_hash) VALUES (?1, ?2, ?3, ?4) "
               "ON CONFLICT (client_id) DO UPDATE SET secret_hash = excluded.secret_hash",
               client.client_id, client.principal.tenant, client.principal.subject, sql::BlobView{client.secret_hash}));
    return {};
  });
}

Task<Result<std::optional<StoredClient>>> IdentityStore::client(Context ctx, std::string client_id) {
  return database_.read(
      std::move(ctx), [client_id = std::move(client_id)](sql::Reader& reader) -> Result<std::optional<StoredClient>> {
        WRIT_TRY(
            const auto row,
            reader.row(
                "SELECT c.client_id, c.secret_hash, p.tenant, p.subject, p.kind, p.scopes, p.generation FROM clients c "
                "JOIN principals p ON p.tenant = c.tenant AND p.subject = c.subject WHERE c.client_id = ?1",
                client_id));
        if (!row) return std::nullopt;
        return StoredClient{.client_id = row->get<std::string>(0),
                            .secret_hash = row->get<sql::Blob>(1).bytes,
                            .principal = principal_of(*row, 2)};
      });
}

Task<Status> IdentityStore::issue(Context ctx, Principal by, StoredPrincipal principal, IssuedToken token) {
  const auto actor = actor_of(ctx);
  return database_.write(
      std::move(ctx),
      [actor, by = std::move(by), p = std::move(principal), token = std::move(token)](sql::Transaction& tx) -> Status {
        WRIT_CHECK(tables::standing(tx, by.tenant, by.subject, by.credential));
        WRIT_CHECK(tables::standing(tx, p.tenant, p.subject, {.generation = p.generation}));
        WRIT_CHECK(tx.run(
            "INSERT INTO issued_tokens (jti, tenant, subject, parent, issued_by, expires_at, family_until) VALUES "
            "(?1, ?2, ?3, ?4, ?5, ?6, coalesce((SELECT family_until FROM issued_tokens WHERE jti = ?4), ?7))",
            token.jti, p.tenant, p.subject, token.parent, token.issued_by, token.expires_at,
            by.credential.expires_at.value_or(token.expires_at)));
        return tell(tx, actor, policy::audit_kind::token_issued, p.tenant,
                    {{"token_id", token.jti},
                     {"principal", p.subject.str()},
                     {"scopes", schema::encode(p.scopes)},
                     {"expires_at", to_rfc3339(token.expires_at)}});
      });
}

Task<Status> IdentityStore::set_scopes(Context ctx, TenantId tenant, Subject subject, std::vector<std::string> scopes) {
  const auto actor = actor_of(ctx);
  return database_.write(std::move(ctx),
                         [actor, tenant = std::move(tenant), subject = std::move(subject),
                          scopes = std::move(scopes)](sql::Transaction& tx) -> Status {
                           WRIT_TRY(auto principal, tables::find_principal(tx, tenant, subject));
                           if (!principal)
                             return fail(not_found("no_principal", "there is no principal " + subject.str()));
                           WRIT_CHECK(tell(tx, actor, policy::audit_kind::principal_changed, tenant,
                                           {{"principal", subject.str()},
                                            {"before", schema::encode(principal->scopes)},
                                            {"scopes", schema::encode(scopes)}}));
                           principal->scopes = scopes;
                           WRIT_CHECK(tx.run("UPDATE principals SET scopes = ?3 WHERE tenant = ?1 AND subject = ?2",
                                             tenant, subject, scopes_text(scopes)));
                           WRIT_CHECK(tell_scopes(tx, *principal));
                           return {};
                         });
}

Task<Result<std::optional<std::string>>> IdentityStore::sealed_ring(Context ctx) {
  return database_.read(std::move(ctx), [](sql::Reader& reader) -> Result<std::optional<std::string>> {
    WRIT_TRY(const auto row, reader.row("SELECT sealed FROM key_ring WHERE id = 1"));
    if (!row) return std::nullopt;
    return row->get<std::string>(0);
  });
}

Task<Status> IdentityStore::put_sealed_ring(Context ctx, std::string sealed) {
  return database_.write(std::move(ctx), [sealed = std::move(sealed)](sql::Transaction& tx) -> Status {
    WRIT_TRY([[maybe_unused]] const auto changed,
             tx.run("INSERT INTO key_ring (id, sealed, updated_at) VALUES (1, ?1, ?2) "
                    "ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
                    sealed, tx.now()));
    return {};
  });
}

}  // namespace writ::identity
