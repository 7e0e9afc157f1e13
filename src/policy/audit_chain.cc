#include "policy/audit_chain.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/encoding.h"
#include "crypto/hash.h"

namespace writ::policy {
namespace {

// Independent of the order in which heads are shown, and of which are shown.
std::string root_of(const Checkpoint& checkpoint) {
  auto hashes = checkpoint.others;
  for (const auto& head : checkpoint.heads) hashes.push_back(hash_of(head));
  std::ranges::sort(hashes);
  std::string all;
  for (const auto& hash : hashes) all += hash;
  return crypto::sha256_hex(all);
}

json::object signed_part(const Checkpoint& c) {
  if (c.v == 1) return {{"at", to_rfc3339(c.at)}, {"heads", schema::encode(c.heads)}};
  return {{"v", c.v},           {"number", c.number}, {"at", to_rfc3339(c.at)}, {"previous", c.previous},
          {"root", root_of(c)}, {"kid", c.kid}};
}

std::string digest_of(const Checkpoint& checkpoint) {
  return crypto::sha256(canonical_json(json::value(signed_part(checkpoint))));
}

// Of an export only: in the database a record has no line.
void stand_at(const AuditPlace& place, AuditFinding& out) {
  if (place.file.empty()) return;
  out.file = place.file;
  out.line = place.line;
}

AuditFinding at_record(std::string code, const AuditRecord& r, const AuditPlace& place, std::string_view what) {
  AuditFinding out{.code = std::move(code),
                   .message = fmt::format("{}/{}/{}: {}", r.tenant.str(), r.shard, r.seq, what),
                   .tenant = r.tenant,
                   .shard = r.shard,
                   .seq = r.seq,
                   .checkpoint = {},
                   .file = {},
                   .line = {}};
  stand_at(place, out);
  return out;
}

AuditFinding at_checkpoint(std::string code, std::int64_t number, const AuditPlace& place, std::string_view what) {
  AuditFinding out{.code = std::move(code),
                   .message = fmt::format("checkpoint {}: {}", number, what),
                   .tenant = {},
                   .shard = {},
                   .seq = {},
                   .checkpoint = number,
                   .file = {},
                   .line = {}};
  stand_at(place, out);
  return out;
}

AuditFinding at_head(std::string code, const Checkpoint& c, const Head& head, const AuditPlace& place,
                     std::string_view what) {
  auto out = at_checkpoint(std::move(code), c.number, place,
                           fmt::format("the chain {}/{} {}", head.tenant.str(), head.shard, what));
  out.tenant = head.tenant;
  out.shard = head.shard;
  out.seq = head.seq;
  return out;
}

}  // namespace

std::string hash_of(const AuditRecord& record) {
  auto document = schema::encode(record).as_object();
  document.erase("hash");
  if (record.v == 1) {
    document.erase("run_id");
    document.erase("subject");
  }
  return crypto::sha256_hex(canonical_json(document));
}

std::string hash_of(const Head& head) { return crypto::sha256_hex(canonical_json(schema::encode(head))); }

std::string hash_of(const Checkpoint& checkpoint) {
  auto document = signed_part(checkpoint);
  document["kid"] = checkpoint.kid;
  document["signature"] = checkpoint.signature;
  return crypto::sha256_hex(canonical_json(json::value(std::move(document))));
}

Result<Checkpoint> sign_checkpoint(std::int64_t number, WallTime at, std::string previous, std::vector<Head> heads,
                                   const crypto::SigningKey& key) {
  Checkpoint out{.v = checkpoint_format,
                 .number = number,
                 .at = at,
                 .previous = std::move(previous),
                 .heads = std::move(heads),
                 .others = {},
                 .kid = key.public_key().kid(),
                 .signature = {}};
  WRIT_TRY(const auto signature, key.sign(digest_of(out)));
  out.signature = to_base64url(signature);
  return out;
}

Checkpoint shown_to(const TenantId& tenant, Checkpoint checkpoint) {
  std::vector<Head> own;
  for (auto& head : checkpoint.heads)
    if (head.tenant == tenant) own.push_back(std::move(head));
    else checkpoint.others.push_back(hash_of(head));
  std::ranges::sort(checkpoint.others);
  checkpoint.heads = std::move(own);
  return checkpoint;
}

Result<Checkpoint> read_checkpoint(std::string_view text) {
  WRIT_TRY(const auto document, parse_json(text));
  return schema::decode<Checkpoint>(document);
}

std::int64_t AuditVerifier::seq_of(const TenantId& tenant, const std::string& shard) const {
  const auto chain = chains_.find({tenant, shard});
  return chain == chains_.end() ? 0 : chain->second.seq;
}

void AuditVerifier::found(AuditFinding finding) {
  report_.ok = false;
  ++report_.findings_count;
  if (report_.findings.size() >= findings_max) return;
  report_.problems.push_back(finding.message);
  report_.findings.push_back(std::move(finding));
}

void AuditVerifier::take(const AuditRecord& record, const AuditPlace& place) {
  ++report_.records;
  auto& chain = chains_[{record.tenant, record.shard}];
  if (only_ && record.tenant != *only_) found(at_record("foreign_record", record, place, "is of another tenant"));
  if (record.v < 1 || record.v > audit_format)
    found(at_record("unknown_format", record, place, fmt::format("unknown format version {}", record.v)));
  else if (record.v < chain.v)
    found(at_record("older_format", record, place, "has an older format than the record before it"));
  if (record.seq != chain.seq + 1)
    found(at_record("records_missing", record, place,
                    fmt::format("expected record {}: records are missing", chain.seq + 1)));
  else if (record.prev_hash != chain.hash)
    found(at_record("broken_link", record, place, "does not follow from the record before it"));
  if (record.hash != hash_of(record))
    found(at_record("record_rewritten", record, place, "was rewritten, its hash does not match"));
  chain.seq = record.seq;
  chain.hash = record.hash;
  chain.v = std::max(chain.v, record.v);
}

void AuditVerifier::check_link(const Checkpoint& c, const AuditPlace& place) {
  if (c.v < newest_.v) found(at_checkpoint("older_format", c.number, place, "has an older format than the one before"));
  if (c.number != newest_.number + 1)
    found(at_checkpoint("checkpoints_missing", c.number, place,
                        c.number <= newest_.number
                            ? fmt::format("comes behind number {}", newest_.number)
                            : fmt::format("expected number {}: checkpoints are missing", newest_.number + 1)));
  else if (c.v > 1 && c.previous != newest_.hash)
    found(at_checkpoint("broken_checkpoint_link", c.number, place, "does not follow from the checkpoint before it"));
  const auto* key = keys_->find(c.kid);
  const auto signature = from_base64url(c.signature);
  if (key == nullptr)
    found(at_checkpoint("unknown_key", c.number, place, "is signed with a key that is not trusted: " + c.kid));
  else if (!signature || !key->verify(digest_of(c), *signature))
    found(at_checkpoint("bad_signature", c.number, place, "its signature does not hold"));
}

void AuditVerifier::check_head(const Checkpoint& c, const Head& head, const AuditPlace& place) {
  auto& chain = chains_[{head.tenant, head.shard}];
  const bool first = !std::exchange(chain.parted, chain.seq != head.seq || chain.hash != head.hash);
  if (head.seq < chain.covered && !chain.parted)
    found(at_head("heads_went_back", c, head, place,
                  fmt::format("is signed with {} records after it was with {}", head.seq, chain.covered)));
  if (chain.covered == 0) ++covered_chains_;
  chain.covered = std::max(chain.covered, head.seq);
  if (!chain.parted || !first) return;
  if (chain.seq == 0)
    found(at_head("chain_missing", c, head, place, fmt::format("with {} records is missing", head.seq)));
  else if (chain.seq < head.seq)
    found(at_head("tail_cut", c, head, place,
                  fmt::format("had {} records, {} are left: its tail was cut", head.seq, chain.seq)));
  else found(at_head("chain_rewritten", c, head, place, fmt::format("was rewritten before record {}", head.seq)));
}

void AuditVerifier::take(const Checkpoint& given, const AuditPlace& place) {
  ++report_.checkpoints;
  auto numbered = given;
  if (given.v == 1) numbered.number = newest_.number + 1;  // its number is its place
  const auto& c = numbered;
  if (c.v < 1 || c.v > checkpoint_format)
    return found(at_checkpoint("unknown_format", c.number, place, fmt::format("unknown format version {}", c.v)));
  check_link(c, place);
  std::size_t shown = 0;
  for (const auto& head : c.heads) {
    if (only_ && head.tenant != *only_) continue;
    check_head(c, head, place);
    ++shown;
  }
  // What was signed once is in every later checkpoint; an export might hide it among the others.
  if (shown < covered_chains_) found(at_checkpoint("head_hidden", c.number, place, "no longer shows every chain"));
  newest_ = {.number = c.number, .v = c.v, .hash = hash_of(c)};
  report_.head_number = c.number;
  report_.head_hash = newest_.hash;
  if (const auto wanted = expected_.find(c.number); wanted != expected_.end()) {
    if (wanted->second != newest_.hash)
      found(at_checkpoint("not_as_expected", c.number, place,
                          "has the hash " + newest_.hash + ", not the expected " + wanted->second));
    expected_.erase(wanted);
  }
}

void AuditVerifier::unreadable_checkpoint(std::int64_t number, const AuditPlace& place) {
  found(at_checkpoint("checkpoint_unreadable", number, place, "is no checkpoint that can be read"));
  newest_.number = number;
}

void AuditVerifier::end() {
  for (const auto& [number, hash] : expected_)
    found(at_checkpoint("not_as_expected", number, {}, "was expected and is not there: the audit was set back"));
  for (const auto& [name, chain] : chains_) report_.uncovered += std::max<std::int64_t>(0, chain.seq - chain.covered);
  report_.done = true;
}

}  // namespace writ::policy
