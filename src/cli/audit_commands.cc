#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <fstream>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/gateway_access.h"
#include "cli/terminal.h"
#include "policy/audit_folder.h"

namespace writ::cli {
namespace {

constexpr Millis whole_audit{3'600'000};  // the deadline of the operations that read all of it

/// NUMBER:HASH, as `writ audit head` prints it.
Status read_expected(const std::string& text, policy::VerifyAudit& out) {
  if (text.empty()) return {};
  const auto colon = text.find(':');
  std::int64_t number = 0;
  const auto* const end = text.data() + std::min(colon, text.size());
  const auto parsed = std::from_chars(text.data(), end, number);
  if (colon == std::string::npos || parsed.ec != std::errc() || parsed.ptr != end || number < 1 ||
      text.size() - colon - 1 != 64)
    return fail(invalid("invalid_request", "--expect wants NUMBER:HASH, as writ audit head prints it"));
  out.expect_number = number;
  out.expect_hash = text.substr(colon + 1);
  return {};
}

Result<std::optional<crypto::KeySet>> read_keys(const std::string& file) {
  if (file.empty()) return std::nullopt;
  WRIT_TRY(const auto text, app::read_text(file));
  auto document = parse_json(text);
  if (document && document->is_object() && !document->get_object().contains("keys"))
    document = json::value{{"keys", json::array{*document}}};  // one key alone
  if (!document) return fail(invalid("bad_jwks", file + " is not JSON"));
  WRIT_TRY(auto keys, crypto::KeySet::from_jwks(*document));
  if (keys.size() == 0) return fail(invalid("bad_jwks", file + " holds no key that can verify"));
  return keys;
}

bool show_progress(const policy::AuditReport& report) {
  if (::isatty(STDERR_FILENO) != 0)
    print_progress(fmt::format("{} records, {} checkpoints … ", report.records, report.checkpoints));
  return true;
}

int tell_report(const policy::AuditReport& report, bool as_json) {
  if (::isatty(STDERR_FILENO) != 0) print_progress("");
  if (as_json) {
    print_json(stdout, schema::encode(report));
    return report.ok ? Exit::done : Exit::failed;
  }
  print_line(stdout, fmt::format("{}: {} records, {} signed checkpoints",
                                 report.ok ? "the audit chain holds" : "THE AUDIT CHAIN DOES NOT HOLD", report.records,
                                 report.checkpoints));
  for (const auto& finding : report.findings)
    print_line(stdout, fmt::format("  {}: {}", finding.code, finding.message));
  if (report.findings_count > static_cast<std::int64_t>(report.findings.size()))
    print_line(stdout, fmt::format("  … {} findings in all", report.findings_count));
  if (report.uncovered > 0)
    print_line(stdout, fmt::format("{} records are newer than the newest checkpoint: nothing is signed over them yet",
                                   report.uncovered));
  if (report.head_number > 0) print_line(stdout, fmt::format("head {}:{}", report.head_number, report.head_hash));
  return report.ok ? Exit::done : Exit::failed;
}

Task<Result<policy::AuditReport>> verify_at(gateway::GatewayPort* port, Context ctx, policy::VerifyAudit wanted) {
  WRIT_CO_TRY(const auto reports, co_await port->watch_audit_verification(std::move(ctx), std::move(wanted)));
  for (;;) {
    WRIT_CO_TRY(auto report, co_await reports->next());
    if (!report) co_return fail(unavailable("stream_cut", "the verification ended without its report"));
    if (report->done) co_return std::move(*report);
    show_progress(*report);
  }
}

/// A file that is there whole or not at all.
class ExportFile {
 public:
  explicit ExportFile(std::string name) : name_(std::move(name)), partial_(name_ + ".partial") {}
  ExportFile(const ExportFile&) = delete;
  ExportFile& operator=(const ExportFile&) = delete;
  ~ExportFile() {
    if (out_ != nullptr && out_ != stdout) std::fclose(out_);
    if (out_ != stdout && !kept_) ::unlink(partial_.c_str());
  }
  Status open() {
    if (name_ == "-") {
      out_ = stdout;
      return {};
    }
    if (::access(name_.c_str(), F_OK) == 0) return fail(conflict("file_exists", name_ + " is there already"));
    const int fd = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) out_ = ::fdopen(fd, "w");
    if (out_ == nullptr) return not_written();
    return {};
  }
  Status write(const policy::ExportLine& line) {
    print_json(out_, schema::encode(line));
    if (std::ferror(out_) != 0) return not_written();
    return {};
  }
  Status keep() {
    if (std::fflush(out_) != 0) return not_written();
    if (out_ == stdout) return {};
    if (::fsync(::fileno(out_)) != 0 || std::rename(partial_.c_str(), name_.c_str()) != 0) return not_written();
    kept_ = true;
    return {};
  }

 private:
  [[nodiscard]] std::unexpected<Error> not_written() const {
    return fail(unavailable("data_not_writable", "cannot write " + name_));
  }
  const std::string name_, partial_;
  std::FILE* out_ = nullptr;
  bool kept_ = false;
};

Task<Status> export_to(gateway::GatewayPort* port, Context ctx, policy::ExportAudit wanted, ExportFile* file) {
  WRIT_CO_TRY(const auto lines, co_await port->export_audit(std::move(ctx), std::move(wanted)));
  bool ended = false;
  for (;;) {
    WRIT_CO_TRY(const auto line, co_await lines->next());
    if (!line) break;
    WRIT_CO_CHECK(file->write(*line));
    ended = line->end.has_value();
  }
  if (!ended) co_return fail(unavailable("stream_cut", "the export was cut"));
  co_return file->keep();
}

std::optional<TenantId> tenant_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return TenantId(text);
}

/// Whether the commands speak to a server; otherwise a verification reads the folder itself.
bool has_server(const app::AllSettings& settings) {
  return settings.shared.gateway_url ||
         runtime::find_running(app::DataFolder(settings.shared.data_dir).run_file()).has_value();
}

Result<policy::AuditReport> verify_own_folder(const app::AllSettings& settings, const AuditVerifyOptions& options,
                                              const policy::VerifyAudit& wanted) {
  const app::DataFolder data(settings.shared.data_dir);
  WRIT_TRY(const auto keys, read_keys(options.key));
  Result<Secret> secret = settings.policy.key_secret ? *settings.policy.key_secret : data.secret("policy");
  if (!secret) return fail(std::move(secret).error());
  return policy::verify_folder(
      {.database = data.database("policy"), .checkpoints = data.checkpoints_file(), .key_secret = std::move(*secret)},
      keys, wanted, show_progress);
}

}  // namespace

int audit_list(const AuditListOptions& options) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  policy::ListAudit query{.after = options.after,
                          .limit = options.limit,
                          .run_id = {},
                          .kind = {},
                          .subject = {},
                          .since = {},
                          .until = {}};
  if (!options.run.empty()) query.run_id = options.run;
  query.tenant = tenant_of(options.tenant);
  if (!options.kind.empty()) query.kind = options.kind;
  if (!options.subject.empty()) query.subject = options.subject;
  for (const auto& [text, time] : {std::pair(&options.since, &query.since), std::pair(&options.until, &query.until)}) {
    if (text->empty()) continue;
    const auto at = parse_rfc3339(*text);
    if (!at) return tell(at.error());
    *time = *at;
  }
  auto access = GatewayAccess::open(*settings);
  if (!access) return tell(access.error(), cannot_start);
  std::int64_t left = options.limit;
  // A filter may find nothing on a page although there is more.
  for (;;) {
    query.limit = left;
    const auto page = (*access)->loops().run((*access)->gateway().audit(Context{}.within(Seconds{30}), query));
    if (!page) return tell(page.error());
    for (const auto& record : page->records) print_json(stdout, schema::encode(record));
    left -= static_cast<std::int64_t>(page->records.size());
    if (!page->next) return done;
    query.after = *page->next;
    if (left > 0) continue;
    print_line(stderr, fmt::format("more: writ audit list --after {}", query.after));
    return done;
  }
}

int audit_verify(const AuditVerifyOptions& options) {
  policy::VerifyAudit wanted{.tenant = tenant_of(options.tenant), .expect_number = {}, .expect_hash = {}};
  if (const auto read = read_expected(options.expect, wanted); !read) return tell(read.error(), cannot_start);
  Result<policy::AuditReport> report = policy::AuditReport{};
  if (!options.file.empty()) {
    const auto keys = read_keys(options.key);
    if (!keys) return tell(keys.error(), cannot_start);
    if (!*keys)
      print_line(stderr,
                 "writ: warning: without --key the keys in the export are trusted: whoever made it may have signed it");
    report = policy::verify_export(options.file, *keys, wanted, show_progress);
  } else {
    const auto settings = settings_or_tell();
    if (!settings) return cannot_start;
    if (has_server(*settings)) {
      auto access = GatewayAccess::open(*settings);
      if (!access) return tell(access.error(), cannot_start);
      report = (*access)->loops().run(verify_at(&(*access)->gateway(), Context{}.within(whole_audit), wanted));
    } else {
      report = verify_own_folder(*settings, options, wanted);
    }
  }
  if (!report) return tell(report.error());
  return tell_report(*report, options.json);
}

int audit_export(const std::string& name, const std::string& tenant) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  ExportFile file(name);
  if (const auto opened = file.open(); !opened) return tell(opened.error(), cannot_start);
  auto access = GatewayAccess::open(*settings);
  if (!access) return tell(access.error(), cannot_start);
  const auto written = (*access)->loops().run(
      export_to(&(*access)->gateway(), Context{}.within(whole_audit), {.tenant = tenant_of(tenant)}, &file));
  if (!written) return tell(written.error());
  if (name != "-")
    print_line(stdout, fmt::format("wrote {}; verify it anywhere with: writ audit verify {} --key KEYS", name, name));
  return done;
}

int audit_head(bool as_json) {
  const auto settings = settings_or_tell();
  if (!settings) return cannot_start;
  auto access = GatewayAccess::open(*settings);
  if (!access) return tell(access.error(), cannot_start);
  const auto head = (*access)->loops().run((*access)->gateway().audit_head(Context{}.within(Seconds{30}), {}));
  if (!head) return tell(head.error());
  if (as_json) print_json(stdout, schema::encode(*head));
  else print_line(stdout, fmt::format("{}:{}", head->number, head->hash));
  return done;
}

}  // namespace writ::cli
