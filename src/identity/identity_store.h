// The only file pair of identity that knows SQL: principals, API keys, clients, revocations and the sealed key ring.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/api/principal_name.h"
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
  std::int64_t generation = 0;  // of what it was given; raised by a revocation of the principal
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
/// A token that somebody asked for, remembered as long as anything that was made with it can be alive.
struct IssuedToken {
  std::string jti;
  std::string parent;  // jti of the token that it was asked for with; empty for a key
  Subject issued_by;
  WallTime expires_at;
  WallTime issued_at;
};

class IdentityStore {
 public:
  explicit IdentityStore(sql::Database& database) : database_(database) {}

  /// Nothing for one that never was or was removed.
  [[nodiscard]] Task<Result<std::optional<StoredPrincipal>>> principal(Context ctx, TenantId tenant, Subject subject);
  /// The principal behind a credential as it is now, with the scopes that it and its key have still.
  /// Errors: not_found (no_principal), unauthenticated (token_revoked, key_revoked).
  [[nodiscard]] Task<Result<StoredPrincipal>> standing(Context ctx, TenantId tenant, Subject subject,
                                                       Credential credential);
  /// The key and, when new, its principal; a known principal gets the key's scopes as well. `by` made it: its credential
  /// holds at the commit. Errors: those of standing().
  [[nodiscard]] Task<Status> put_key(Context ctx, StoredKey key, std::string key_hash, std::optional<Principal> by);
  [[nodiscard]] Task<Result<std::optional<StoredKey>>> key_by_hash(Context ctx, std::string key_hash);
  [[nodiscard]] Task<Result<bool>> has_keys(Context ctx);
  [[nodiscard]] Task<Status> put_client(Context ctx, StoredClient client);
  [[nodiscard]] Task<Result<std::optional<StoredClient>>> client(Context ctx, std::string client_id);
  /// Remembers a token of `principal` that `by` asked for; both hold at the commit, so that no token is made beside a
  /// revocation. Errors: those of standing().
  [[nodiscard]] Task<Status> issue(Context ctx, Principal by, StoredPrincipal principal, IssuedToken token);

  /// Replaces the scopes. Errors: not_found (no_principal).
  [[nodiscard]] Task<Status> set_scopes(Context ctx, TenantId tenant, Subject subject, std::vector<std::string> scopes);
  /// Errors: not_found (no_key).
  [[nodiscard]] Task<Result<StoredKey>> key(Context ctx, TenantId tenant, KeyId key);
  [[nodiscard]] Task<Result<std::int64_t>> narrow_key(Context ctx, TenantId tenant, KeyId key,
                                                      std::vector<std::string> scopes);

  // ---- revocations, each with its place in the feed
  /// The token and all that were issued with it.
  [[nodiscard]] Task<Result<std::int64_t>> revoke_token(Context ctx, std::string jti, WallTime expires_at);
  /// Errors: not_found (no_key).
  [[nodiscard]] Task<Result<std::int64_t>> revoke_key(Context ctx, TenantId tenant, KeyId key);
  /// Its keys, its tokens, and what it issued to others; 0 when there is no such principal.
  [[nodiscard]] Task<Result<std::int64_t>> revoke_subject(Context ctx, TenantId tenant, Subject subject);
  /// The same, and the principal is no more. Errors: not_found (no_principal).
  [[nodiscard]] Task<Result<std::int64_t>> remove(Context ctx, TenantId tenant, Subject subject);
  /// At most 1,000 after the cursor: those that matter still.
  [[nodiscard]] Task<Result<RevocationPage>> revocations(Context ctx, std::int64_t after);
  /// Drops what names nothing that can be alive: rows of the feed, and issued tokens. Those of tokens are kept as long as
  /// a run that one of them began may wait.
  [[nodiscard]] Task<Status> forget_old(Context ctx);

  /// Who made a principal or its key, and who made those, to the end: names without the principal itself. A chain that is
  /// longer than 32 gives an error. Errors: conflict (makers_too_many).
  [[nodiscard]] Task<Result<std::vector<PrincipalName>>> makers(Context ctx, TenantId tenant, Party party);

  [[nodiscard]] Task<Result<std::optional<std::string>>> sealed_ring(Context ctx);
  [[nodiscard]] Task<Status> put_sealed_ring(Context ctx, std::string sealed);

 private:
  sql::Database& database_;
};

}  // namespace writ::identity
