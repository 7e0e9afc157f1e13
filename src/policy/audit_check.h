// AuditCheck: the verification of a whole database with the lines outside it, in steps; it writes nothing.
#pragma once

#include "policy/checkpoint_file.h"
#include "policy/checkpoint_seal.h"

namespace writ::policy {

struct AuditCheckOptions {
  std::filesystem::path checkpoints;  // the file of lines
  crypto::KeySet keys;                // that may sign checkpoints
  std::optional<TenantId> only;       // nothing: every chain
  std::optional<std::pair<std::int64_t, std::string>> expected;  // number and hash of a head noted down
};

/// begin(), then read() and check() in turns until done(). Each read is short and on its own; what is appended meanwhile
/// may or may not be seen, and is no finding. Memory: one entry per chain and one page.
/// Thread: one at a time; read() on a database thread, the others where blocking is allowed.
class AuditCheck {
 public:
  AuditCheck(AuditCheckOptions options, CheckpointSeal seal)
      : options_(std::move(options)),
        seal_(std::move(seal)),
        walk_(options_.only),
        verifier_(options_.keys, options_.only) {
    if (options_.expected) verifier_.expect(options_.expected->first, options_.expected->second);
  }
  AuditCheck(const AuditCheck&) = delete;
  AuditCheck& operator=(const AuditCheck&) = delete;

  /// What is known before the lines are opened: how far they must go.
  [[nodiscard]] Status begin(sql::Reader& reader);
  /// The next page. Errors: those of Reader.
  [[nodiscard]] Status read(sql::Reader& reader);
  /// Checks the page.
  void check();
  [[nodiscard]] bool done() const { return verifier_.report().done; }
  [[nodiscard]] const AuditReport& report() const { return verifier_.report(); }

 private:
  void take(const StoredCheckpoint& row);
  void check_seal();

  const AuditCheckOptions options_;
  const CheckpointSeal seal_;
  AuditWalk walk_;
  AuditVerifier verifier_;
  std::int64_t written_ = 0;
  std::optional<CheckpointLineCheck> lines_;
  std::vector<AuditItem> page_;
  std::optional<Seal> newest_seal_;  // read with newest_row_
  std::optional<StoredCheckpoint> newest_row_;
  bool must_have_records_ = false;  // there are some, or what is never written without one
};

}  // namespace writ::policy
