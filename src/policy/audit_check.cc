#include "policy/audit_check.h"

#include <algorithm>

namespace writ::policy {

Status AuditCheck::begin(sql::Reader& reader) {
  WRIT_TRY(written_, lines_written(reader));
  WRIT_TRY(newest_seal_, read_seal(reader));
  WRIT_TRY(newest_row_, newest_checkpoint(reader));
  WRIT_TRY(const auto first, next_chain(reader, std::nullopt, std::nullopt));
  WRIT_TRY(const auto recorded, was_recorded(reader));
  must_have_records_ = first.has_value() || recorded;
  return {};
}

Status AuditCheck::read(sql::Reader& reader) {
  WRIT_TRY(page_, walk_.next(reader));
  return {};
}

void AuditCheck::take(const StoredCheckpoint& row) {
  lines_->take(row, verifier_);
  auto read = read_checkpoint(row.text);
  if (!read || (read->v > 1 && read->number != row.number)) return verifier_.unreadable_checkpoint(row.number);
  verifier_.take(*read);
}

// Version 1 had no seal: it is made with the first checkpoint after it, or when an audit begins.
void AuditCheck::check_seal() {
  const auto read = newest_row_ ? read_checkpoint(newest_row_->text) : Result<Checkpoint>(Checkpoint{});
  const bool must_be = newest_seal_ || (newest_row_ ? read && read->v > 1 : must_have_records_);
  if (!must_be) return;
  const auto hash = newest_row_ && read ? hash_of(*read) : std::string(genesis);
  if (auto problem = seal_.problem(newest_seal_, newest_row_ ? newest_row_->number : 0, hash))
    verifier_.found(std::move(*problem));
}

void AuditCheck::check() {
  // Opened after begin() and before the first row is read: every line in it must have its row.
  if (!lines_) {
    // A row is made when the line of the one before is on disk: only the newest may be without, whatever is noted.
    lines_.emplace(options_.checkpoints, std::max(written_, newest_row_ ? newest_row_->number - 1 : 0));
    check_seal();
    return;
  }
  if (page_.empty()) {
    lines_->end(verifier_);
    return verifier_.end();
  }
  for (const auto& item : page_) {
    if (const auto* record = std::get_if<AuditRecord>(&item)) verifier_.take(*record);
    else take(std::get<StoredCheckpoint>(item));
  }
  page_.clear();
}

}  // namespace writ::policy
