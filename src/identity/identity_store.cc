#include "identity/identity_store.h"

namespace writ::identity {
namespace {

std::string scopes_text(const std::vector<std::string>& scopes) { return to_text(schema::encode(scopes)); }

std::vector<std::string> scopes_from(std::string_view text) {
  std::vector<std::string> out;
  const auto parsed = parse_json(text);
  WRIT_ASSERT(parsed && parsed->is_array(), "scopes are stored as a JSON array");
  for (const auto& scope : parsed->get_array()) out.emplace_back(view(scope.as_string()));
  return out;
}

PrincipalKind kind_from(std::string_view text) {
  for (const auto& [kind, name] : schema::EnumNames<PrincipalKind>::value)
    if (name == text) return kind;
  WRIT_ASSERT(false, "the kinds of principals are stored by name");
}

StoredPrincipal principal_of(const sql::Row& row, std::size_t from) {
  return {.tenant = row.get<TenantId>(from),
          .subject = row.get<Subject>(from + 1),
          .kind = kind_from(row.get<std::string>(from + 2)),
          .scopes = scopes_from(row.get<std::string>(from + 3))};
}

Status write_principal(sql::Transaction& tx, const StoredPrincipal& p) {
  WRIT_TRY([[maybe_unused]] const auto changed,
           tx.run("INSERT INTO principals (tenant, subject, kind, scopes, created_at) VALUES (?1, ?2, ?3, ?4, ?5) "
                  "ON CONFLICT (tenant, subject) DO UPDATE SET scopes = excluded.scopes",
                  p.tenant, p.subject, schema::name_of(p.kind), scopes_text(p.scopes), tx.now()));
  return {};
}

Result<std::int64_t> add_revocation(sql::Transaction& tx, std::string_view kind, std::string_view value) {
  WRIT_TRY(const auto row, tx.row("INSERT INTO revocations (kind, value, at) VALUES (?1, ?2, ?3) RETURNING seq", kind,
                                  value, tx.now()));
  return row->get<std::int64_t>(0);
}

}  // namespace

sql::Migrations identity_migrations() {
  return {{.name = "identity/0001_principals", .sql = R"(
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
)"}};
}

Task<Status> IdentityStore::put_principal(Context ctx, StoredPrincipal principal) {
  return database_.write(std::move(ctx), [principal = std::move(principal)](sql::Transaction& tx) {
    return write_principal(tx, principal);
  });
}

Task<Result<std::optional<StoredPrincipal>>> IdentityStore::principal(Context ctx, TenantId tenant, Subject subject) {
  return database_.read(
      std::move(ctx),
      [tenant = std::move(tenant),
       subject = std::move(subject)](sql::Reader& reader) -> Result<std::optional<StoredPrincipal>> {
        WRIT_TRY(const auto row,
                 reader.row("SELECT tenant, subject, kind, scopes FROM principals WHERE tenant = ?1 AND subject = ?2",
                            tenant, subject));
        if (!row) return std::nullopt;
        return principal_of(*row, 0);
      });
}

Task<Status> IdentityStore::put_key(Context ctx, StoredKey key, std::string key_hash) {
  return database_.write(
      std::move(ctx), [key = std::move(key), key_hash = std::move(key_hash)](sql::Transaction& tx) -> Status {
        WRIT_TRY(const auto known, tx.row("SELECT 1 FROM principals WHERE tenant = ?1 AND subject = ?2",
                                          key.principal.tenant, key.principal.subject));
        if (!known) WRIT_CHECK(write_principal(tx, key.principal));
        WRIT_TRY([[maybe_unused]] const auto changed,
                 tx.run("INSERT INTO api_keys (tenant, key_id, subject, scopes, key_hash, created_at) VALUES (?1, ?2, "
                        "?3, ?4, ?5, ?6)",
                        key.principal.tenant, key.id, key.principal.subject, scopes_text(key.principal.scopes),
                        sql::BlobView{key_hash}, tx.now()));
        return {};
      });
}

Task<Result<std::optional<StoredKey>>> IdentityStore::key_by_hash(Context ctx, std::string key_hash) {
  return database_.read(
      std::move(ctx), [key_hash = std::move(key_hash)](sql::Reader& reader) -> Result<std::optional<StoredKey>> {
        WRIT_TRY(const auto row,
                 reader.row("SELECT k.key_id, k.revoked_at, k.tenant, k.subject, p.kind, k.scopes FROM api_keys k "
                            "JOIN principals p ON p.tenant = k.tenant AND p.subject = k.subject WHERE k.key_hash = ?1",
                            sql::BlobView{key_hash}));
        if (!row) return std::nullopt;
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
    WRIT_CHECK(write_principal(tx, client.principal));
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
        WRIT_TRY(const auto row,
                 reader.row("SELECT c.client_id, c.secret_hash, p.tenant, p.subject, p.kind, p.scopes FROM clients c "
                            "JOIN principals p ON p.tenant = c.tenant AND p.subject = c.subject WHERE c.client_id = ?1",
                            client_id));
        if (!row) return std::nullopt;
        return StoredClient{.client_id = row->get<std::string>(0),
                            .secret_hash = row->get<sql::Blob>(1).bytes,
                            .principal = principal_of(*row, 2)};
      });
}

Task<Result<std::int64_t>> IdentityStore::revoke_token(Context ctx, std::string jti) {
  return database_.write(std::move(ctx),
                         [jti = std::move(jti)](sql::Transaction& tx) { return add_revocation(tx, "token", jti); });
}

Task<Result<std::int64_t>> IdentityStore::revoke_key(Context ctx, TenantId tenant, KeyId key) {
  return database_.write(
      std::move(ctx), [tenant = std::move(tenant), key = std::move(key)](sql::Transaction& tx) -> Result<std::int64_t> {
        WRIT_TRY(const auto changed,
                 tx.run("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?3) WHERE tenant = ?1 AND key_id = ?2",
                        tenant, key, tx.now()));
        if (changed == 0) return fail(not_found("no_key", "there is no key " + key.str()));
        return add_revocation(tx, "key", key.str());
      });
}

Task<Result<std::int64_t>> IdentityStore::revoke_subject(Context ctx, TenantId tenant, Subject subject) {
  return database_.write(std::move(ctx),
                         [tenant = std::move(tenant), subject = std::move(subject)](sql::Transaction& tx) {
                           return add_revocation(tx, "subject", tenant.str() + "/" + subject.str());
                         });
}

Task<Result<RevocationPage>> IdentityStore::revocations(Context ctx, std::int64_t after) {
  return database_.read(std::move(ctx), [after](sql::Reader& reader) -> Result<RevocationPage> {
    WRIT_TRY(const auto rows,
             reader.rows("SELECT seq, kind, value, at FROM revocations WHERE seq > ?1 ORDER BY seq LIMIT 1000", after));
    RevocationPage page{.head = after};
    for (const auto& row : rows) {
      page.revocations.push_back({.seq = row.get<std::int64_t>(0),
                                  .kind = row.get<std::string>(1),
                                  .value = row.get<std::string>(2),
                                  .at = row.get<WallTime>(3)});
      page.head = page.revocations.back().seq;
    }
    return page;
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
