#include "policy/audit_chain.h"

#include <fmt/format.h>

#include "core/encoding.h"
#include "crypto/hash.h"

namespace writ::policy {
namespace {

std::string digest_of(WallTime at, const std::vector<Head>& heads) {
  return crypto::sha256(canonical_json(json::value{{"at", to_rfc3339(at)}, {"heads", schema::encode(heads)}}));
}

}  // namespace

std::string hash_of(const AuditRecord& record) {
  auto document = schema::encode(record).as_object();
  document.erase("hash");
  return crypto::sha256_hex(canonical_json(document));
}

Result<Checkpoint> sign_checkpoint(WallTime at, std::vector<Head> heads, const crypto::SigningKey& key) {
  WRIT_TRY(const auto signature, key.sign(digest_of(at, heads)));
  return Checkpoint{
      .at = at, .heads = std::move(heads), .kid = key.public_key().kid(), .signature = to_base64url(signature)};
}

void AuditVerifier::problem(std::string text) {
  report_.ok = false;
  if (report_.problems.size() < problems_max) report_.problems.push_back(std::move(text));
}

void AuditVerifier::take(const AuditRecord& record) {
  ++report_.records;
  auto& hashes = hashes_[{record.tenant, record.shard}];
  const auto place = fmt::format("{}/{}/{}", record.tenant.str(), record.shard, record.seq);
  if (record.v != audit_format) problem(place + ": unknown format version");
  if (record.seq != static_cast<std::int64_t>(hashes.size()) + 1)
    problem(fmt::format("{}: expected record {}: records are missing", place, hashes.size() + 1));
  if (record.prev_hash != (hashes.empty() ? std::string(genesis) : hashes.back()))
    problem(place + ": does not follow from the record before it");
  if (record.hash != hash_of(record)) problem(place + ": was rewritten, its hash does not match");
  hashes.push_back(record.hash);
}

void AuditVerifier::take(const Checkpoint& checkpoint) {
  ++report_.checkpoints;
  const auto place = "checkpoint of " + to_rfc3339(checkpoint.at);
  const auto* key = keys_.find(checkpoint.kid);
  const auto signature = from_base64url(checkpoint.signature);
  if (key == nullptr || !signature || !key->verify(digest_of(checkpoint.at, checkpoint.heads), *signature))
    return problem(place + ": its signature does not hold");
  for (const auto& head : checkpoint.heads) {
    if (only_ && head.tenant != *only_) continue;
    const auto chain = hashes_.find({head.tenant, head.shard});
    const auto name = head.tenant.str() + "/" + head.shard;
    if (chain == hashes_.end()) {
      problem(fmt::format("{}: the chain {} with {} records is missing", place, name, head.seq));
    } else if (head.seq < 1 || static_cast<std::size_t>(head.seq) > chain->second.size()) {
      problem(fmt::format("{}: the chain {} had {} records, {} are left: its tail was cut", place, name, head.seq,
                          chain->second.size()));
    } else if (chain->second[static_cast<std::size_t>(head.seq) - 1] != head.hash) {
      problem(fmt::format("{}: the chain {} was rewritten before record {}", place, name, head.seq));
    }
  }
}

AuditReport AuditVerifier::report() const { return report_; }

}  // namespace writ::policy
