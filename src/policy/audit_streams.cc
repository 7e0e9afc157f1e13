#include "policy/audit_streams.h"

namespace writ::policy {
namespace {

// The lines of a page as this tenant may see them; what cannot be read is left out, and missed by who verifies.
std::deque<ExportLine> lines_of(std::vector<AuditItem> page, const std::optional<TenantId>& tenant) {
  std::deque<ExportLine> out;
  for (auto& item : page) {
    ExportLine line;
    if (auto* record = std::get_if<AuditRecord>(&item)) {
      line.record = std::move(*record);
    } else {
      auto checkpoint = read_checkpoint(std::get<StoredCheckpoint>(item).text);
      if (!checkpoint) continue;
      line.checkpoint =
          tenant && checkpoint->v > 1 ? shown_to(*tenant, std::move(*checkpoint)) : std::move(*checkpoint);
    }
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace

Task<Status> VerificationStream::step() {
  const auto check = check_;
  const bool first = !std::exchange(begun_, true);
  WRIT_CO_CHECK(co_await store_.look(
      ctx_, [check, first](sql::Reader& reader) { return first ? check->begin(reader) : check->read(reader); }));
  co_return co_await pool_.run(ctx_, [check]() -> Status {
    check->check();
    return {};
  });
}

Task<Result<std::optional<AuditReport>>> VerificationStream::next() {
  if (over_) co_return std::optional<AuditReport>();
  const auto until = system_clock().steady() + report_every;
  do {
    if (auto stepped = co_await step(); !stepped) {
      over_ = true;
      co_return fail(std::move(stepped).error());
    }
    over_ = check_->done();
  } while (!over_ && system_clock().steady() < until);
  co_return check_->report();
}

Task<Status> ExportStream::read_page() {
  const auto walk = walk_;
  WRIT_CO_CHECK(co_await store_.look(ctx_, [walk](sql::Reader& reader) -> Status {
    WRIT_TRY(walk->page, walk->walk.next(reader));
    return {};
  }));
  if (walk->page.empty()) {
    over_ = true;
    lines_.push_back({.header = {}, .record = {}, .checkpoint = {}, .end = end_});
    co_return Status{};
  }
  WRIT_CO_TRY(lines_, co_await pool_.run(ctx_, [walk, tenant = tenant_]() -> Result<std::deque<ExportLine>> {
    return lines_of(std::move(walk->page), tenant);
  }));
  for (const auto& line : lines_) {
    end_.records += line.record ? 1 : 0;
    end_.checkpoints += line.checkpoint ? 1 : 0;
  }
  co_return Status{};
}

Task<Result<std::optional<ExportLine>>> ExportStream::next() {
  while (lines_.empty()) {
    if (over_) co_return std::optional<ExportLine>();
    if (auto read = co_await read_page(); !read) {
      over_ = true;
      co_return fail(std::move(read).error());
    }
  }
  auto line = std::move(lines_.front());
  lines_.pop_front();
  co_return line;
}

}  // namespace writ::policy
