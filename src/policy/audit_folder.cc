#include "policy/audit_folder.h"

#include <fstream>

#include <fmt/format.h>

#include "crypto/key_ring.h"
#include "sql/read_only.h"

namespace writ::policy {
namespace {

constexpr std::size_t export_line_max = 64U << 20U;  // bytes; as a line of checkpoints
constexpr std::int64_t lines_per_report = 1000;

std::optional<std::pair<std::int64_t, std::string>> expected_of(const VerifyAudit& wanted) {
  if (!wanted.expect_number || !wanted.expect_hash) return std::nullopt;
  return std::pair(*wanted.expect_number, *wanted.expect_hash);
}

Result<crypto::KeySet> keys_of(sql::ReadOnlyDatabase& database, const Secret& secret) {
  std::string sealed;
  WRIT_CHECK(database.read([&](sql::Reader& reader) -> Status {
    WRIT_TRY(const auto row, reader.row("SELECT sealed FROM key_ring WHERE id = 1"));
    if (row) sealed = row->get<std::string>(0);
    return {};
  }));
  if (sealed.empty()) return crypto::KeySet{};  // nothing was signed yet, or every signature will be refused
  WRIT_TRY(const auto ring, crypto::KeyRing::open(sealed, secret));
  return ring.all_public_keys();
}

AuditFinding at_line(std::string code, const AuditPlace& place, std::string_view what) {
  return {.code = std::move(code),
          .message = fmt::format("{}:{}: {}", place.file, place.line, what),
          .tenant = {},
          .shard = {},
          .seq = {},
          .checkpoint = {},
          .file = place.file,
          .line = place.line};
}

/// One line; false at the end of the file. `whole`: it ends with a line end and is not too long.
bool read_line(std::istream& in, std::string& line, bool& whole) {
  line.clear();
  whole = false;
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
    if (c == '\n') {
      whole = line.size() < export_line_max;
      return true;
    }
    if (line.size() < export_line_max) line += static_cast<char>(c);
  }
  return !line.empty();
}

Result<ExportLine> parse_line(const std::string& line) {
  WRIT_TRY(const auto document, parse_json(line));
  return schema::decode<ExportLine>(document);
}

Error stopped() { return cancelled("audit"); }

/// Takes the lines behind the header.
class ExportReader {
 public:
  ExportReader(AuditVerifier& verifier, std::string file)
      : verifier_(verifier), place_{.file = std::move(file), .line = 1} {}

  void take(const std::string& text, bool whole) {
    ++place_.line;
    auto line = whole ? parse_line(text) : Result<ExportLine>(fail(invalid("bad_json", "cut")));
    if (!line) return verifier_.found(at_line("line_unreadable", place_, "is no line of an export"));
    if (ended_) return verifier_.found(at_line("line_behind_end", place_, "stands behind the end of the export"));
    if (line->record) {
      ++records_;
      verifier_.take(*line->record, place_);
    } else if (line->checkpoint) {
      ++checkpoints_;
      verifier_.take(*line->checkpoint, place_);
    } else if (line->end) {
      ended_ = true;
      if (line->end->records != records_ || line->end->checkpoints != checkpoints_)
        verifier_.found(at_line("lines_missing", place_,
                                fmt::format("the export had {} records and {} checkpoints, {} and {} are here",
                                            line->end->records, line->end->checkpoints, records_, checkpoints_)));
    } else {
      verifier_.found(at_line("line_unreadable", place_, "is no record, checkpoint or end"));
    }
  }
  void end() {
    if (!ended_) verifier_.found(at_line("export_cut", place_, "the end of the export is missing: it was cut"));
  }

 private:
  AuditVerifier& verifier_;
  AuditPlace place_;
  std::int64_t records_ = 0, checkpoints_ = 0;
  bool ended_ = false;
};

}  // namespace

Result<AuditReport> verify_folder(const AuditFolder& folder, const std::optional<crypto::KeySet>& keys,
                                  const VerifyAudit& wanted, const AuditProgress& progress) {
  WRIT_TRY(const auto database, sql::open_read_only(folder.database));
  auto trusted = keys;
  if (!trusted) { WRIT_TRY(trusted, keys_of(*database, folder.key_secret)); }
  AuditCheck check({.checkpoints = folder.checkpoints,
                    .keys = std::move(*trusted),
                    .only = wanted.tenant,
                    .expected = expected_of(wanted)},
                   CheckpointSeal(folder.key_secret));
  WRIT_CHECK(database->read([&](sql::Reader& reader) { return check.begin(reader); }));
  check.check();
  while (!check.done()) {
    WRIT_CHECK(database->read([&](sql::Reader& reader) { return check.read(reader); }));
    check.check();
    if (!progress(check.report())) return fail(stopped());
  }
  return check.report();
}

Result<AuditReport> verify_export(const std::filesystem::path& file, const std::optional<crypto::KeySet>& keys,
                                  const VerifyAudit& wanted, const AuditProgress& progress) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(not_found("no_file", "cannot read " + file.string()));
  std::string text;
  bool whole = false;
  if (!read_line(in, text, whole)) return fail(invalid("not_an_export", file.string() + " is empty"));
  const auto header = parse_line(text);
  if (!header || !header->header)
    return fail(invalid("not_an_export", file.string() + " does not begin as an export; writ audit export makes one"));
  if (header->header->format != 1)
    return fail(invalid("not_an_export", file.string() + " has a format that this version does not know"));
  auto trusted = keys;
  if (!trusted) { WRIT_TRY(trusted, crypto::KeySet::from_jwks(json::value{{"keys", header->header->keys}})); }
  AuditVerifier verifier(*trusted, wanted.tenant ? wanted.tenant : header->header->tenant);
  if (const auto expected = expected_of(wanted)) verifier.expect(expected->first, expected->second);
  ExportReader lines(verifier, file.filename().string());
  for (std::int64_t n = 1; read_line(in, text, whole); ++n) {
    lines.take(text, whole);
    if (n % lines_per_report == 0 && !progress(verifier.report())) return fail(stopped());
  }
  lines.end();
  verifier.end();
  return verifier.report();
}

}  // namespace writ::policy
