// The only file pair of recall that knows SQL: memories by tenant, principal and key.
#pragma once

#include <optional>
#include <string>

#include "core/id.h"
#include "sql/database.h"
#include "sql/migration.h"

namespace writ::recall {

[[nodiscard]] sql::Migrations recall_migrations();

/// A memory's whole key; tenant and subject come from the verified principal, never from input.
struct MemoryKey {
  TenantId tenant;
  Subject subject;
  std::string key;
};

class RecallStore {
 public:
  explicit RecallStore(sql::Database& database) : database_(database) {}
  /// Replaces; true when it was new. Errors: those of Database::write.
  [[nodiscard]] Task<Result<bool>> put(Context ctx, MemoryKey key, std::string value);
  [[nodiscard]] Task<Result<std::optional<std::string>>> get(Context ctx, MemoryKey key);
  /// A read that proves the database answers. Errors: those of Database::read.
  [[nodiscard]] Task<Status> check(Context ctx);

 private:
  sql::Database& database_;
};

}  // namespace writ::recall
