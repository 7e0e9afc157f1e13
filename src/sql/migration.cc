#include "sql/migration.h"

#include <map>
#include <set>
#include <string_view>

#include "core/assert.h"
#include "crypto/hash.h"

namespace writ::sql {
namespace {

std::string_view scope_of(std::string_view name) {
  const auto slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

}  // namespace

std::string hash_of(const Migration& migration) { return crypto::sha256_hex(migration.sql); }

Result<Migrations> pending(const Migrations& known, std::span<const RecordedMigration> recorded) {
  std::map<std::string_view, std::vector<const Migration*>> scopes;
  std::set<std::string_view> names;
  for (const auto& migration : known) {
    WRIT_ASSERT(names.insert(migration.name).second, "every migration has its own name");
    scopes[scope_of(migration.name)].push_back(&migration);
  }
  std::map<std::string_view, std::size_t> applied;  // how many of each scope
  for (const auto& record : recorded) {
    const auto& scope = scopes[scope_of(record.name)];
    const auto at = applied[scope_of(record.name)]++;
    if (at >= scope.size())
      return fail(conflict("data_newer", "the data has the migration " + record.name +
                                             ", which this version does not know: start the newer version, or restore "
                                             "a backup from before the upgrade"));
    const auto& expected = *scope[at];
    if (expected.name != record.name)
      return fail(conflict("migration_missing", "the data has the migration " + record.name +
                                                    " where this version has " + expected.name +
                                                    ": start the version that wrote the data"));
    if (hash_of(expected) != record.hash)
      return fail(conflict("migration_changed", "the migration " + record.name +
                                                    " was applied with another text than this version has: start the "
                                                    "version that wrote the data"));
  }
  Migrations rest;
  for (const auto& migration : known) {
    auto& left = applied[scope_of(migration.name)];
    if (left > 0) --left;
    else rest.push_back(migration);
  }
  return rest;
}

}  // namespace writ::sql
