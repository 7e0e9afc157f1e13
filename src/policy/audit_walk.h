// AuditWalk: the audit in a database in the order of its verification, page by page, each its own short read.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "policy/audit_chain.h"
#include "sql/transaction.h"

namespace writ::policy {

/// A checkpoint as its row holds it: the line outside must be the same bytes.
struct StoredCheckpoint {
  std::int64_t number = 0;
  std::string text;
};
using AuditItem = std::variant<AuditRecord, StoredCheckpoint>;

/// Gives the records of every chain, each checkpoint behind the records that it covers, then what none covers yet. Ends
/// at what was there when it came to the end; what is appended meanwhile may or may not be seen.
/// Memory: one entry per chain and one page.
class AuditWalk {
 public:
  static constexpr std::int64_t records_max = 256;  // in a page: some milliseconds of one reader
  static constexpr std::size_t checkpoints_max = 64;  // in a page
  static constexpr std::size_t bytes_max = 1U << 20U;  // of checkpoints in a page

  /// only: the records of this tenant; nothing: of all. Checkpoints come whole in both cases.
  explicit AuditWalk(std::optional<TenantId> only) : only_(std::move(only)) {}

  /// The next page; empty at the end. Thread: one at a time. Errors: those of Reader.
  [[nodiscard]] Result<std::vector<AuditItem>> next(sql::Reader& reader);

 private:
  using Name = std::pair<std::string, std::string>;  // tenant, shard
  struct Page {
    std::vector<AuditItem> items;
    std::int64_t records = 0;
    std::size_t checkpoints = 0, bytes = 0;
    [[nodiscard]] bool full() const {
      return records >= records_max || checkpoints >= checkpoints_max || bytes >= bytes_max;
    }
  };

  [[nodiscard]] Status take_checkpoints(sql::Reader& reader, Page& page);
  /// Takes records up to the one with this seq; false when the page is full before.
  [[nodiscard]] Result<bool> take_records(sql::Reader& reader, Page& page, const Name& chain, std::int64_t upto);
  [[nodiscard]] Status take_rest(sql::Reader& reader, Page& page);

  const std::optional<TenantId> only_;
  std::map<Name, std::int64_t> seqs_;  // read so far
  std::int64_t number_ = 0;  // of the newest checkpoint given
  std::optional<StoredCheckpoint> current_;  // its records are on their way
  std::vector<Head> waiting_;  // heads of the current one, newest last
  bool at_rest_ = false;  // behind the last checkpoint
  std::optional<Name> rest_chain_;  // the chain that is read there
  std::int64_t rest_upto_ = 0;
};

}  // namespace writ::policy
