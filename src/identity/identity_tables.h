// What statements of identity's tables share. Only the store's files use it.
#pragma once

#include "identity/identity_store.h"

namespace writ::identity::tables {

[[nodiscard]] std::string scopes_text(const std::vector<std::string>& scopes);
[[nodiscard]] std::vector<std::string> scopes_from(std::string_view text);

/// tenant, subject, kind, scopes, generation, from that column on.
[[nodiscard]] StoredPrincipal principal_of(const sql::Row& row, std::size_t from);
/// Nothing for one that never was or was removed.
[[nodiscard]] Result<std::optional<StoredPrincipal>> find_principal(sql::Reader& reader, const TenantId& tenant,
                                                                    const Subject& subject);
/// As IdentityStore::standing().
[[nodiscard]] Result<StoredPrincipal> standing(sql::Reader& reader, const TenantId& tenant, const Subject& subject,
                                               const Credential& credential);
/// One row of the feed; `seq` and `at` are given by the database. The place in the feed.
[[nodiscard]] Result<std::int64_t> add_revocation(sql::Transaction& tx, const Revocation& row);

}  // namespace writ::identity::tables
