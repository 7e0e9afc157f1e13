// The only file pair of identity that knows SQL: principals, API keys, clients, revocations and the sealed key ring.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/api/types.h"
#include "sql/database.h"
#include "sql/migration.h"

namespace writ::identity {

[[nodiscard]] sql::Migrations identity_migrations();

struct StoredPrincipal {
  TenantId tenant;
  Subject subject;
  PrincipalKind kind = PrincipalKind::user;
  std::vector<std::string> scopes;
};
struct StoredKey {
  KeyId id;
  StoredPrincipal principal;        // with the key's scopes
  std::optional<WallTime> revoked_at;
};
struct StoredClient {
  std::string client_id;
  std::string secret_hash;          // keyed, raw bytes
  StoredPrincipal principal;
};

class IdentityStore {
 public:
  explicit IdentityStore(sql::Database& database) : database_(database) {}

  /// Creates the principal or widens nothing: an existing one keeps its kind; scopes are replaced.
  [[nodiscard]] Task<Status> put_principal(Context ctx, StoredPrincipal principal);
  [[nodiscard]] Task<Result<std::optional<StoredPrincipal>>> principal(Context ctx, TenantId tenant, Subject subject);
  /// The principal (when new) and its key in one transaction.
  [[nodiscard]] Task<Status> put_key(Context ctx, StoredKey key, std::string key_hash);
  [[nodiscard]] Task<Result<std::optional<StoredKey>>> key_by_hash(Context ctx, std::string key_hash);
  [[nodiscard]] Task<Result<bool>> has_keys(Context ctx);
  [[nodiscard]] Task<Status> put_client(Context ctx, StoredClient client);
  [[nodiscard]] Task<Result<std::optional<StoredClient>>> client(Context ctx, std::string client_id);
  /// Adds to the feed; a key is also marked. Errors: not_found (no_key) for a key of another tenant.
  [[nodiscard]] Task<Result<std::int64_t>> revoke_token(Context ctx, std::string jti);
  [[nodiscard]] Task<Result<std::int64_t>> revoke_key(Context ctx, TenantId tenant, KeyId key);
  [[nodiscard]] Task<Result<std::int64_t>> revoke_subject(Context ctx, TenantId tenant, Subject subject);
  /// At most 1,000 after the cursor.
  [[nodiscard]] Task<Result<RevocationPage>> revocations(Context ctx, std::int64_t after);
  [[nodiscard]] Task<Result<std::optional<std::string>>> sealed_ring(Context ctx);
  [[nodiscard]] Task<Status> put_sealed_ring(Context ctx, std::string sealed);

 private:
  sql::Database& database_;
};

}  // namespace writ::identity
