#include "identity/identity_tables.h"

#include "identity/api/revocations.h"

namespace writ::identity::tables {
namespace {

PrincipalKind kind_from(std::string_view text) {
  for (const auto& [kind, name] : schema::EnumNames<PrincipalKind>::value)
    if (name == text) return kind;
  WRIT_ASSERT(false, "the kinds of principals are stored by name");
}

Error revoked(std::string code, std::string message) { return unauthenticated(std::move(code), std::move(message)); }

}  // namespace

std::string scopes_text(const std::vector<std::string>& scopes) { return to_text(schema::encode(scopes)); }

std::vector<std::string> scopes_from(std::string_view text) {
  std::vector<std::string> out;
  const auto parsed = parse_json(text);
  WRIT_ASSERT(parsed && parsed->is_array(), "scopes are stored as a JSON array");
  for (const auto& scope : parsed->get_array()) out.emplace_back(view(scope.as_string()));
  return out;
}

StoredPrincipal principal_of(const sql::Row& row, std::size_t from) {
  return {.tenant = row.get<TenantId>(from),
          .subject = row.get<Subject>(from + 1),
          .kind = kind_from(row.get<std::string>(from + 2)),
          .scopes = scopes_from(row.get<std::string>(from + 3)),
          .generation = row.get<std::int64_t>(from + 4)};
}

Result<std::optional<StoredPrincipal>> find_principal(sql::Reader& reader, const TenantId& tenant,
                                                      const Subject& subject) {
  WRIT_TRY(const auto row, reader.row("SELECT tenant, subject, kind, scopes, generation FROM principals "
                                      "WHERE tenant = ?1 AND subject = ?2 AND removed_at IS NULL",
                                      tenant, subject));
  if (!row) return std::nullopt;
  return principal_of(*row, 0);
}

Result<StoredPrincipal> standing(sql::Reader& reader, const TenantId& tenant, const Subject& subject,
                                 const Credential& credential) {
  WRIT_TRY(auto principal, find_principal(reader, tenant, subject));
  if (!principal) return fail(not_found("no_principal", "there is no principal " + subject.str()));
  if (credential.generation < principal->generation)
    return fail(revoked("token_revoked", "everything that was given to this principal was revoked"));
  if (!credential.key_id.empty()) {
    WRIT_TRY(const auto key,
             reader.row("SELECT scopes, revoked_at IS NOT NULL FROM api_keys WHERE tenant = ?1 AND key_id = ?2", tenant,
                        credential.key_id));
    if (!key || key->get<bool>(1))
      return fail(revoked("key_revoked", "the API key was revoked, and with it what came from it"));
    principal->scopes = common_scopes(principal->scopes, scopes_from(key->get<std::string>(0)));
  }
  if (!credential.token_id.empty()) {
    WRIT_TRY(const auto dead,
             reader.row("SELECT 1 FROM revocations WHERE kind = 'token' AND value = ?1 LIMIT 1", credential.token_id));
    if (dead) return fail(revoked("token_revoked", "the token was revoked"));
  }
  return *std::move(principal);
}

Result<std::int64_t> add_revocation(sql::Transaction& tx, const Revocation& row) {
  const auto scopes = row.kind.ends_with("_scopes") ? std::optional(scopes_text(row.scopes)) : std::nullopt;
  WRIT_TRY(const auto added,
           tx.row("INSERT INTO revocations (kind, value, at, tenant, subject, generation, scopes, until) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING seq",
                  row.kind, row.value, tx.now(), row.tenant, row.subject, row.generation, scopes,
                  row.until.value_or(tx.now() + revocation_matters)));
  return added->get<std::int64_t>(0);
}

}  // namespace writ::identity::tables
