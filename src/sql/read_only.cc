#include "sql/read_only.h"

#include "sql/sqlite_connection.h"

namespace writ::sql {
namespace {

class ReadOnlyFile final : public ReadOnlyDatabase {
 public:
  explicit ReadOnlyFile(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  Status read(const std::function<Status(Reader&)>& work) override {
    WRIT_CHECK(connection_->execute("BEGIN"));
    SqliteTransaction snapshot(*connection_, system_clock().now());
    auto done = work(snapshot);
    if (connection_->in_transaction()) WRIT_CHECK(connection_->execute("ROLLBACK"));
    return done;
  }

 private:
  const std::unique_ptr<Connection> connection_;
};

}  // namespace

Result<std::unique_ptr<ReadOnlyDatabase>> open_read_only(const std::filesystem::path& file) {
  std::error_code error;
  const auto path = std::filesystem::absolute(file);
  if (!std::filesystem::is_regular_file(path, error))
    return fail(not_found("no_file", "there is no database " + path.string()));
  const auto log = std::filesystem::file_size(path.string() + "-wal", error);
  const bool has_log = !error && log > 0;
  WRIT_TRY(auto connection, Connection::open(path, has_log ? Access::read_only : Access::immutable, SqliteOptions{}));
  return std::make_unique<ReadOnlyFile>(std::move(connection));
}

}  // namespace writ::sql
