#include "policy/audit_walk.h"

#include <algorithm>

#include "policy/audit_store.h"

namespace writ::policy {

Result<bool> AuditWalk::take_records(sql::Reader& reader, Page& page, const Name& chain, std::int64_t upto) {
  auto& seq = seqs_[chain];
  while (seq < upto) {
    if (page.full()) return false;
    WRIT_TRY(auto records, read_chain(reader, chain.first, chain.second, seq, upto, records_max - page.records));
    if (records.empty()) return true;  // they are not there: the verifier will see
    seq = records.back().seq;
    page.records += static_cast<std::int64_t>(records.size());
    for (auto& record : records) page.items.emplace_back(std::move(record));
  }
  return true;
}

Status AuditWalk::take_checkpoints(sql::Reader& reader, Page& page) {
  while (!page.full()) {
    if (!current_) {
      WRIT_TRY(auto rows, read_checkpoints(reader, number_, 1));
      if (rows.empty()) {
        at_rest_ = true;
        return {};
      }
      current_ = std::move(rows.front());
      waiting_.clear();
      if (auto read = read_checkpoint(current_->text)) waiting_ = std::move(read->heads);
      std::ranges::reverse(waiting_);
    }
    while (!waiting_.empty()) {
      const auto& head = waiting_.back();
      if (!only_ || head.tenant == *only_) {
        WRIT_TRY(const bool whole, take_records(reader, page, {head.tenant.str(), head.shard}, head.seq));
        if (!whole) return {};
      }
      waiting_.pop_back();
    }
    number_ = current_->number;
    ++page.checkpoints;
    page.bytes += current_->text.size();
    page.items.emplace_back(std::move(*current_));
    current_.reset();
  }
  return {};
}

// Chains are found by the records themselves, not by the table of heads, which a forger could have adjusted too.
Status AuditWalk::take_rest(sql::Reader& reader, Page& page) {
  while (!page.full()) {
    if (rest_chain_) {
      WRIT_TRY(const bool whole, take_records(reader, page, *rest_chain_, rest_upto_));
      if (!whole) return {};
    }
    WRIT_TRY(auto next, next_chain(reader, rest_chain_, only_));
    if (!next) return {};
    WRIT_TRY(rest_upto_, last_seq(reader, next->first, next->second));
    rest_chain_ = std::move(next);
  }
  return {};
}

Result<std::vector<AuditItem>> AuditWalk::next(sql::Reader& reader) {
  Page page;
  if (!at_rest_) WRIT_CHECK(take_checkpoints(reader, page));
  if (at_rest_) WRIT_CHECK(take_rest(reader, page));
  return std::move(page.items);
}

}  // namespace writ::policy
