// The audit operations of PolicyService.
#include "crypto/hash.h"
#include "policy/api/audit_kinds.h"
#include "policy/audit_streams.h"
#include "policy/policy_service.h"

namespace writ::policy {
namespace {

constexpr int verifications_max = 2;  // at once: each keeps a reader and a thread busy

/// A place among those that read the whole audit, given back when its holder goes.
std::shared_ptr<void> take_place(const std::shared_ptr<std::atomic<int>>& taken) {
  if (taken->fetch_add(1) >= verifications_max) {
    taken->fetch_sub(1);
    return nullptr;
  }
  return {taken.get(), [taken](void*) { taken->fetch_sub(1); }};
}

std::unexpected<Error> audit_busy() {
  return fail(unavailable("audit_busy", "others read the whole audit just now; try again", Seconds{5}));
}

}  // namespace

Result<std::optional<TenantId>> PolicyService::visible(const Context& ctx, const std::optional<TenantId>& wanted) {
  const bool everything = ctx.principal.has_scope("audit:read_all");
  if (everything) return wanted;
  if (wanted && *wanted != ctx.principal.tenant)
    return fail(forbidden("missing_scope", "the audit of another tenant needs the scope audit:read_all"));
  return ctx.principal.tenant;
}

Task<Status> PolicyService::record_read(Context ctx, std::string_view kind, json::object what) {
  if (!ctx.trace.trace_id.empty()) what["trace_id"] = ctx.trace.trace_id;
  AppendAudit fact{.tenant = ctx.principal.tenant,
                   .id = std::string(kind) + "/" + uuid7_base32(clock_.now(), random_),
                   .kind = std::string(kind),
                   .data = std::move(what),
                   .subject = ctx.principal.subject.str()};
  WRIT_CO_CHECK(co_await store_.append(std::move(ctx), std::move(fact)));
  co_return Status{};
}

Task<Result<Appended>> PolicyService::append_audit(Context ctx, AppendAudit in) {
  // Not before the ring is open: a new one is made only for an audit without records.
  if (!ring()) co_return fail(unavailable("policy_starting", "policy-engine has not started yet"));
  co_return co_await store_.append(std::move(ctx), std::move(in));
}

Task<Result<AuditPage>> PolicyService::list_audit(Context ctx, ListAudit in) {
  WRIT_CO_CHECK(visible(ctx, in.tenant));
  // Before the answer: a read that cannot be recorded is none.
  if (const auto since = audit_reads_.note(ctx.principal.tenant, ctx.principal.subject, clock_.steady())) {
    json::object what{{"after", in.after}, {"unrecorded_before", *since}};
    if (in.tenant) what["tenant"] = in.tenant->str();
    if (in.run_id) what["of_run"] = *in.run_id;  // not run_id: the record is not about the run
    WRIT_CO_CHECK(co_await record_read(ctx, "audit.read", std::move(what)));
  }
  auto tenant = in.tenant.value_or(ctx.principal.tenant);
  co_return co_await store_.audit_page(std::move(ctx), std::move(tenant), std::move(in));
}

Task<Result<StreamPtr<AuditReport>>> PolicyService::watch_audit_verification(Context ctx, VerifyAudit in) {
  WRIT_CO_TRY(auto only, visible(ctx, in.tenant));
  AuditCheckOptions options{
      .checkpoints = files_paths_.checkpoints, .keys = *public_keys(), .only = std::move(only), .expected = {}};
  if (in.expect_number.has_value() != in.expect_hash.has_value())
    co_return fail(invalid("invalid_request", "a head is a number and a hash",
                           {{"/expect_hash", "expect_number and expect_hash go together"}}));
  if (in.expect_number) options.expected.emplace(*in.expect_number, *in.expect_hash);
  auto place = take_place(verifications_);
  if (!place) co_return audit_busy();
  co_return std::make_unique<VerificationStream>(
      store_, pool_, std::move(ctx), std::make_shared<AuditCheck>(std::move(options), seal_), std::move(place));
}

Task<Result<AuditReport>> PolicyService::verify_audit(Context ctx, VerifyAudit in) {
  WRIT_CO_TRY(const auto reports, co_await watch_audit_verification(std::move(ctx), std::move(in)));
  for (;;) {
    WRIT_CO_TRY(auto report, co_await reports->next());
    if (!report) co_return fail(internal("a verification ended without its report", "policy"));
    if (report->done) co_return std::move(*report);
  }
}

Task<Result<StreamPtr<ExportLine>>> PolicyService::export_audit(Context ctx, ExportAudit in) {
  WRIT_CO_TRY(auto only, visible(ctx, in.tenant));
  auto place = take_place(verifications_);
  if (!place) co_return audit_busy();
  WRIT_CO_CHECK(co_await record_read(ctx, "audit.exported", {{"tenant", only ? only->str() : "*"}}));
  ExportHeader header{
      .at = clock_.now(), .tenant = std::move(only), .keys = public_keys()->to_jwks().at("keys").as_array()};
  co_return std::make_unique<ExportStream>(store_, pool_, std::move(ctx), std::move(header), std::move(place));
}

Task<Result<AuditHead>> PolicyService::audit_head(Context ctx, http::Nothing) {
  auto newest = std::make_shared<std::optional<StoredCheckpoint>>();
  WRIT_CO_CHECK(co_await store_.look(std::move(ctx), [newest](sql::Reader& reader) -> Status {
    WRIT_TRY(*newest, newest_checkpoint(reader));
    return {};
  }));
  AuditHead out{
      .number = 0, .hash = std::string(genesis), .at = {}, .keys = public_keys()->to_jwks().at("keys").as_array()};
  if (!*newest) co_return out;
  WRIT_CO_TRY(const auto checkpoint, read_checkpoint((*newest)->text));
  out.number = (*newest)->number;
  out.hash = hash_of(checkpoint);
  out.at = checkpoint.at;
  co_return out;
}

Task<Result<CheckpointFile::Appended>> PolicyService::write_lines(Context ctx) {
  WRIT_CO_TRY(auto lines, co_await store_.unwritten(ctx));
  const auto upto = lines.rows.empty() ? lines.written : lines.rows.back().number;
  const bool some = !lines.rows.empty();
  WRIT_CO_TRY(const auto appended, co_await lines_.run(ctx, [this, lines = std::move(lines)] {
    return CheckpointFile(files_paths_.checkpoints).append(lines.rows, lines.written, lines.last);
  }));
  if (some) WRIT_CO_CHECK(co_await store_.written(std::move(ctx), upto));
  co_return appended;
}

Task<Result<CheckpointFile::Appended>> PolicyService::checkpoint(Context ctx) {
  const auto ring = this->ring();
  if (!ring) co_return CheckpointFile::Appended{};  // a start that failed has nothing to sign; it is stopped, too
  // Before the next one is made: at most one row is ever without its line.
  WRIT_CO_TRY(auto before, co_await write_lines(ctx));
  WRIT_CO_TRY(const auto made, co_await store_.checkpoint(ctx, ring->active(), seal_));
  if (!made) co_return before;
  WRIT_FAIL_POINT("policy.checkpoint.row");
  probe_.checkpoint_signed();
  WRIT_CO_TRY(const auto after, co_await write_lines(std::move(ctx)));
  before.repaired = before.repaired || after.repaired;
  before.damaged = before.damaged || after.damaged;
  co_return before;
}

}  // namespace writ::policy
