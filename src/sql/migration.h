// Migrations: the ordered list of changes that make a database what the binary expects, each recorded with its hash.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace writ::sql {

/// One change, never edited after a release. `name` is unique; what stands before its first "/" is its scope
/// ("content/0001_items"): lists of several scopes may be joined, only the order within a scope is fixed.
struct Migration {
  std::string name;
  std::string sql;  // one or more statements; tables are STRICT
};
using Migrations = std::vector<Migration>;

/// What a database says was applied, in the order of application.
struct RecordedMigration {
  std::string name;
  std::string hash;
};

/// SHA-256 in hex of a migration's text.
[[nodiscard]] std::string hash_of(const Migration& migration);

/// The migrations still to apply, in list order.
/// Errors: conflict (migration_changed, migration_missing, data_newer), each naming the migration and the fix.
[[nodiscard]] Result<Migrations> pending(const Migrations& known, std::span<const RecordedMigration> recorded);

}  // namespace writ::sql
