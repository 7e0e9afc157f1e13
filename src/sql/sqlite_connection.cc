#include "sql/sqlite_connection.h"

#include <algorithm>

#include "core/assert.h"
#include "sql/sqlite_error.h"

namespace writ::sql {
namespace {

/// Statements are constant text, a few dozen per service; more means that somebody pastes values into them.
constexpr std::size_t statements_max = 256;
/// The log is cut back to this after a checkpoint. Bytes.
constexpr int journal_size_limit = 64 * 1024 * 1024;

/// Makes a statement ready for its next use, on every way out.
class Reset {
 public:
  explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;
  ~Reset() {
    sqlite3_reset(statement_);  // repeats the error of the step, which was reported
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

int bind_one(sqlite3_stmt* statement, int index, const Param& param) {
  return std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::monostate>) return sqlite3_bind_null(statement, index);
        else if constexpr (std::is_same_v<T, std::int64_t>) return sqlite3_bind_int64(statement, index, value);
        else if constexpr (std::is_same_v<T, double>) return sqlite3_bind_double(statement, index, value);
        else if constexpr (std::is_same_v<T, BlobView>) {
          // A null pointer would bind NULL instead of an empty blob.
          const void* bytes = value.bytes.empty() ? "" : value.bytes.data();
          return sqlite3_bind_blob64(statement, index, bytes, value.bytes.size(), SQLITE_STATIC);
        } else {
          const char* text = value.empty() ? "" : value.data();
          return sqlite3_bind_text64(statement, index, text, value.size(), SQLITE_STATIC, SQLITE_UTF8);
        }
      },
      param);
}

std::string bytes_of(const void* data, int size) {
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

Value column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, index);
    case SQLITE_TEXT: {
      const void* text = sqlite3_column_text(statement, index);
      return bytes_of(text, sqlite3_column_bytes(statement, index));
    }
    case SQLITE_BLOB: {
      const void* blob = sqlite3_column_blob(statement, index);
      return Blob{bytes_of(blob, sqlite3_column_bytes(statement, index))};
    }
    default: return std::monostate{};
  }
}

int flags_of(Access access) {
  switch (access) {
    case Access::writer: return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Access::reader: return SQLITE_OPEN_READWRITE;
    case Access::read_only: return SQLITE_OPEN_READONLY;
    case Access::immutable: break;
  }
  return SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
}

// Without locks, log and shared memory; what a URI gives a meaning of its own is escaped.
std::string immutable_uri(const std::filesystem::path& file) {
  std::string out = "file:";
  for (const char c : file.string()) {
    if (c == '%' || c == '?' || c == '#') out += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
    else out += c;
  }
  return out + "?immutable=1";
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Access access,
                                                     const SqliteOptions& options) {
  std::unique_ptr<Connection> made(new Connection);
  const int flags = SQLITE_OPEN_NOMUTEX | flags_of(access);
  const char* vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
  const auto name = access == Access::immutable ? immutable_uri(file) : file.string();
  if (const int code = sqlite3_open_v2(name.c_str(), &made->db_, flags, vfs); code != SQLITE_OK)
    return fail(made->error(made->db_ == nullptr ? code : sqlite3_extended_errcode(made->db_), "open"));
  if (auto configured = made->configure(access, options); !configured)
    return fail(std::move(configured.error()).while_doing("opening " + file.string()));
  return made;
}

Connection::~Connection() {
  statements_.clear();
  const int code = sqlite3_close(db_);
  WRIT_ASSERT(code == SQLITE_OK, "no statement outlives its connection");
}

Error Connection::error(int code, std::string_view during) { return sqlite_error(db_, code, during); }

Status Connection::configure(Access access, const SqliteOptions& options) {
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, static_cast<int>(options.busy_timeout.count()));
  // Checkpoints are explicit calls, so that none of their errors is lost (the ones inside a commit or a close are).
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_wal_hook(
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  if (access != Access::writer) return script("PRAGMA query_only = ON");
  if (sqlite3_db_readonly(db_, "main") == 1)
    return fail(unavailable("data_not_writable", "the file is read-only: make it writable", {}));
  WRIT_TRY(auto mode, query("PRAGMA journal_mode = WAL", {}, 1));
  if (mode.empty() || mode.front().get<std::string_view>(0) != "wal")
    return fail(unavailable("storage_failed",
                            "the file system cannot hold a write-ahead log (shared memory): use a local one", {}));
  WRIT_CHECK(script("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = " +
                    std::to_string(journal_size_limit)));
  if (options.pages_max) WRIT_CHECK(script("PRAGMA max_page_count = " + std::to_string(*options.pages_max)));
  return {};
}

Status Connection::script(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return fail(error(sqlite3_extended_errcode(db_), sql.substr(0, 200)));
  return {};
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    found->second.used = ++uses_;
    return found->second.statement.get();
  }
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  std::unique_ptr<sqlite3_stmt, Finalize> statement(raw);
  if (code != SQLITE_OK) return fail(error(code, sql));
  const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
  if (!statement || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos)
    return fail(internal("not exactly one statement: " + std::string(sql), "sqlite"));
  if (statements_.size() >= statements_max)
    statements_.erase(std::ranges::min_element(statements_, {}, [](const auto& entry) { return entry.second.used; }));
  return statements_.emplace(std::string(sql), Cached{std::move(statement), ++uses_}).first->second.statement.get();
}

Status Connection::bind(sqlite3_stmt* statement, std::string_view sql, std::span<const Param> params) {
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != params.size())
    return fail(internal("the statement wants another number of arguments: " + std::string(sql), "sqlite"));
  for (std::size_t i = 0; i < params.size(); ++i)
    if (const int code = bind_one(statement, static_cast<int>(i) + 1, params[i]); code != SQLITE_OK)
      return fail(error(code, sql));
  return {};
}

Result<std::vector<Row>> Connection::query(std::string_view sql, std::span<const Param> params, std::size_t rows_max) {
  WRIT_TRY(auto* const statement, prepare(sql));
  const Reset reset(statement);
  WRIT_CHECK(bind(statement, sql, params));
  const int width = sqlite3_column_count(statement);
  std::vector<Row> rows;
  int code = SQLITE_DONE;
  while (rows.size() < rows_max && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    std::vector<Value> values;
    values.reserve(static_cast<std::size_t>(width));
    for (int i = 0; i < width; ++i) values.push_back(column(statement, i));
    rows.emplace_back(std::move(values));
  }
  if (code != SQLITE_DONE && code != SQLITE_ROW) return fail(error(code, sql));
  return rows;
}

Result<std::int64_t> Connection::execute(std::string_view sql, std::span<const Param> params) {
  WRIT_TRY(auto* const statement, prepare(sql));
  const Reset reset(statement);
  WRIT_CHECK(bind(statement, sql, params));
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) return fail(error(code, sql));
  return sqlite3_stmt_readonly(statement) != 0 ? 0 : std::int64_t{sqlite3_changes64(db_)};
}

bool Connection::has_open_foreign_keys() const {
  int open = 0, high = 0;
  const int code = sqlite3_db_status(db_, SQLITE_DBSTATUS_DEFERRED_FKS, &open, &high, 0);
  WRIT_ASSERT(code == SQLITE_OK, "the status counter exists");
  return open != 0;
}

Status Connection::checkpoint(Checkpoint how) {
  const int mode = how == Checkpoint::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  const int code = sqlite3_wal_checkpoint_v2(db_, nullptr, mode, nullptr, nullptr);
  if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY) return fail(error(code, "checkpoint"));
  return {};
}

}  // namespace writ::sql
