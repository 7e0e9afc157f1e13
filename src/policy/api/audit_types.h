// The audit on the wire: records, checkpoints, exports, and what a verification says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "schema/codec.h"

namespace writ::policy {

using schema::any;
using schema::field;
using schema::field_or_default;
using schema::name_text;
using schema::number;
using schema::text;

/// One record of a chain. What version 1 did not hash, `run_id` and `subject`, is not in such a record.
struct AuditRecord {
  std::int64_t v = 2;
  TenantId tenant;
  std::string shard;
  std::int64_t seq = 0;
  std::string prev_hash;
  std::string hash;
  WallTime at;
  std::string kind;
  std::optional<std::string> run_id;
  std::optional<std::string> subject;
  json::object data;
  static constexpr auto fields() {
    return std::tuple(
        field("v", &AuditRecord::v, any, "Format version."), field("tenant", &AuditRecord::tenant, any, "Tenant."),
        field("shard", &AuditRecord::shard, any, "Writer lease."),
        field("seq", &AuditRecord::seq, any, "Gapless per shard."),
        field("prev_hash", &AuditRecord::prev_hash, any, "Hash before."),
        field("hash", &AuditRecord::hash, any, "Own hash."), field("at", &AuditRecord::at, any, "Time."),
        field("kind", &AuditRecord::kind, any, "Kind."), field("run_id", &AuditRecord::run_id, any, "About this run."),
        field("subject", &AuditRecord::subject, any, "Who is behind it."),
        field("data", &AuditRecord::data, any, "Facts."));
  }
};
struct ListAudit {
  std::int64_t after = 0;  // cursor: the last seq seen
  std::int64_t limit = 100;
  std::optional<std::string> run_id, kind, subject;
  std::optional<WallTime> since, until;
  std::optional<TenantId> tenant;  // another one needs the scope audit:read_all
  static constexpr auto fields() {
    return std::tuple(field_or_default("after", &ListAudit::after, number(0, 1LL << 60), "Cursor."),
                      field_or_default("limit", &ListAudit::limit, number(1, 1000), "At most so many."),
                      field("run_id", &ListAudit::run_id, text(1, 64), "Only this run."),
                      field("kind", &ListAudit::kind, text(1, 64), "Only this kind."),
                      field("subject", &ListAudit::subject, text(1, 256), "Only what this subject is behind."),
                      field("since", &ListAudit::since, any, "Not before this time."),
                      field("until", &ListAudit::until, any, "Not at or after this time."),
                      field("tenant", &ListAudit::tenant, name_text, "Of this tenant; yours when absent."));
  }
};
struct AuditPage {
  std::vector<AuditRecord> records;  // with filters maybe none, although there are more: follow `next`
  std::optional<std::int64_t> next;  // the cursor of the next page
  static constexpr auto fields() {
    return std::tuple(field("records", &AuditPage::records, any, "Records."),
                      field("next", &AuditPage::next, any, "Next cursor; absent at the end."));
  }
};

/// One chain's end as a checkpoint saw it.
struct Head {
  TenantId tenant;
  std::string shard;
  std::int64_t seq = 0;  // also the count: chains begin at 1 and have no gaps
  std::string hash;
  static constexpr auto fields() {
    return std::tuple(field("tenant", &Head::tenant, any, "Tenant."), field("shard", &Head::shard, any, "Writer."),
                      field("seq", &Head::seq, any, "Records."),
                      field("hash", &Head::hash, any, "Of the newest record."));
  }
};
/// All heads at one time, numbered, chained and signed; also written outside the database.
/// Version 1 had neither number nor link: its signature is over {at, heads}.
struct Checkpoint {
  std::int64_t v = 1;
  std::int64_t number = 0;  // from 1 on, without gaps
  WallTime at;
  std::string previous;             // hash of the checkpoint before
  std::vector<Head> heads;          // in order of tenant and shard
  std::vector<std::string> others;  // in an export of one tenant: the hashes of the other chains' heads
  std::string kid;
  std::string signature;  // base64url
  static constexpr auto fields() {
    return std::tuple(field_or_default("v", &Checkpoint::v, any, "Format version."),
                      field_or_default("number", &Checkpoint::number, any, "Place in the chain of checkpoints."),
                      field("at", &Checkpoint::at, any, "Time."),
                      field_or_default("previous", &Checkpoint::previous, any, "Hash of the checkpoint before."),
                      field("heads", &Checkpoint::heads, any, "All chains."),
                      field_or_default("others", &Checkpoint::others, any, "Hashes of the heads that are not shown."),
                      field("kid", &Checkpoint::kid, any, "Signer."),
                      field("signature", &Checkpoint::signature, any, "Signature."));
  }
};

/// What to note down elsewhere: everything up to it can be held against it later.
struct AuditHead {
  std::int64_t number = 0;  // 0: nothing was signed yet
  std::string hash;
  std::optional<WallTime> at;
  json::array keys;  // JWKs that sign checkpoints
  static constexpr auto fields() {
    return std::tuple(field("number", &AuditHead::number, any, "Of the newest checkpoint; 0 when there is none."),
                      field("hash", &AuditHead::hash, any, "Its hash."), field("at", &AuditHead::at, any, "Its time."),
                      field("keys", &AuditHead::keys, any, "Public keys of checkpoints."));
  }
};

/// One thing that is wrong, with its place as far as it has one.
struct AuditFinding {
  std::string code;  // a row of the table in docs/audit.md
  std::string message;
  std::optional<TenantId> tenant;
  std::optional<std::string> shard;
  std::optional<std::int64_t> seq;
  std::optional<std::int64_t> checkpoint;
  std::optional<std::string> file;
  std::optional<std::int64_t> line;
  static constexpr auto fields() {
    return std::tuple(
        field("code", &AuditFinding::code, any, "What kind."), field("message", &AuditFinding::message, any, "What."),
        field("tenant", &AuditFinding::tenant, any, "Whose chain."),
        field("shard", &AuditFinding::shard, any, "Which chain."), field("seq", &AuditFinding::seq, any, "Record."),
        field("checkpoint", &AuditFinding::checkpoint, any, "Number of the checkpoint."),
        field("file", &AuditFinding::file, any, "File, without its folder."),
        field("line", &AuditFinding::line, any, "Line, from 1 on."));
  }
};
struct VerifyAudit {
  std::optional<TenantId> tenant;           // nothing: all that the caller may see
  std::optional<std::int64_t> expect_number;  // a head noted down earlier: it must still be there
  std::optional<std::string> expect_hash;
  static constexpr auto fields() {
    return std::tuple(
        field("tenant", &VerifyAudit::tenant, name_text, "Only this tenant."),
        field("expect_number", &VerifyAudit::expect_number, number(1, 1LL << 60), "A checkpoint that must be there."),
        field("expect_hash", &VerifyAudit::expect_hash, text(64, 64), "Its hash."));
  }
};
struct AuditReport {
  bool ok = false;
  std::int64_t records = 0;
  std::int64_t checkpoints = 0;
  std::int64_t uncovered = 0;
  std::vector<std::string> problems;
  std::vector<AuditFinding> findings;
  std::int64_t findings_count = 0;
  std::int64_t head_number = 0;
  std::string head_hash;
  bool done = true;
  static constexpr auto fields() {
    return std::tuple(
        field("ok", &AuditReport::ok, any, "Whether the chain holds."),
        field("records", &AuditReport::records, any, "Read."),
        field("checkpoints", &AuditReport::checkpoints, any, "Signed checkpoints checked."),
        field_or_default("uncovered", &AuditReport::uncovered, any, "Records that no checkpoint covers yet."),
        field("problems", &AuditReport::problems, any, "What is wrong, for people."),
        field_or_default("findings", &AuditReport::findings, any, "What is wrong, with its place."),
        field_or_default("findings_count", &AuditReport::findings_count, any, "How many; the first 100 are listed."),
        field_or_default("head_number", &AuditReport::head_number, any, "Of the newest checkpoint."),
        field_or_default("head_hash", &AuditReport::head_hash, any, "Its hash: note it down elsewhere."),
        field_or_default("done", &AuditReport::done, any, "False while the verification goes on."));
  }
};

struct ExportAudit {
  std::optional<TenantId> tenant;  // nothing: all that the caller may see
  static constexpr auto fields() {
    return std::tuple(field("tenant", &ExportAudit::tenant, name_text, "Only this tenant."));
  }
};
struct ExportHeader {
  std::int64_t format = 1;
  WallTime at;
  std::optional<TenantId> tenant;  // nothing: all tenants
  json::array keys;                // for information: what is trusted is the key that the verifier was given
  static constexpr auto fields() {
    return std::tuple(field("format", &ExportHeader::format, any, "Format version."),
                      field("at", &ExportHeader::at, any, "When it was made."),
                      field("tenant", &ExportHeader::tenant, any, "Whose; absent: all tenants."),
                      field("keys", &ExportHeader::keys, any, "Public keys of checkpoints."));
  }
};
struct ExportEnd {
  std::int64_t records = 0;
  std::int64_t checkpoints = 0;
  static constexpr auto fields() {
    return std::tuple(field("records", &ExportEnd::records, any, "Records above."),
                      field("checkpoints", &ExportEnd::checkpoints, any, "Checkpoints above."));
  }
};
/// One line of an export: exactly one of them. First the header, then records, each checkpoint behind the records that
/// it covers, last the end.
struct ExportLine {
  std::optional<ExportHeader> header;
  std::optional<AuditRecord> record;
  std::optional<Checkpoint> checkpoint;
  std::optional<ExportEnd> end;
  static constexpr auto fields() {
    return std::tuple(field("header", &ExportLine::header, any, "Header."),
                      field("record", &ExportLine::record, any, "A record."),
                      field("checkpoint", &ExportLine::checkpoint, any, "A checkpoint."),
                      field("end", &ExportLine::end, any, "The end."));
  }
};

}  // namespace writ::policy
