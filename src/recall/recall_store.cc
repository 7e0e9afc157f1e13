#include "recall/recall_store.h"

namespace writ::recall {

sql::Migrations recall_migrations() {
  return {{.name = "recall/0001_memories", .sql = R"(
CREATE TABLE memories (
  tenant     TEXT NOT NULL,
  subject    TEXT NOT NULL,
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,
  updated_at INTEGER NOT NULL,  -- unix milliseconds
  PRIMARY KEY (tenant, subject, key)
) STRICT, WITHOUT ROWID;
)"}};
}

Task<Result<bool>> RecallStore::put(Context ctx, MemoryKey key, std::string value) {
  return database_.write(
      std::move(ctx), [key = std::move(key), value = std::move(value)](sql::Transaction& tx) -> Result<bool> {
        WRIT_TRY(const auto before, tx.row("SELECT 1 FROM memories WHERE tenant = ?1 AND subject = ?2 AND key = ?3",
                                           key.tenant, key.subject, key.key));
        WRIT_TRY([[maybe_unused]] const auto changed,
                 tx.run("INSERT INTO memories (tenant, subject, key, value, updated_at) VALUES (?1, ?2, ?3, ?4, ?5) "
                        "ON CONFLICT DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
                        key.tenant, key.subject, key.key, value, tx.now()));
        return !before;
      });
}

Task<Result<std::optional<std::string>>> RecallStore::get(Context ctx, MemoryKey key) {
  return database_.read(
      std::move(ctx), [key = std::move(key)](sql::Reader& reader) -> Result<std::optional<std::string>> {
        WRIT_TRY(const auto row,
                 reader.row("SELECT value FROM memories WHERE tenant = ?1 AND subject = ?2 AND key = ?3", key.tenant,
                            key.subject, key.key));
        if (!row) return std::nullopt;
        return row->get<std::string>(0);
      });
}

Task<Status> RecallStore::check(Context ctx) {
  return database_.read(std::move(ctx), [](sql::Reader& reader) -> Status {
    WRIT_TRY([[maybe_unused]] const auto row, reader.row("SELECT 1"));
    return {};
  });
}

}  // namespace writ::recall
