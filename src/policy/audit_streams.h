// What is read of the audit page by page: a verification with its progress, and an export.
#pragma once

#include <deque>
#include <memory>

#include "async/blocking_pool.h"
#include "async/channel.h"
#include "policy/audit_check.h"
#include "policy/policy_store.h"

namespace writ::policy {

/// Gives a report about every second, the last one `done`. Pages are read by the database's threads, each in a short read
/// of its own, and checked by the pool's; dropping the stream ends it.
class VerificationStream final : public Stream<AuditReport> {
 public:
  VerificationStream(PolicyStore& store, async::BlockingPool& pool, Context ctx, std::shared_ptr<AuditCheck> check,
                     std::shared_ptr<void> place)
      : store_(store), pool_(pool), ctx_(std::move(ctx)), check_(std::move(check)), place_(std::move(place)) {}
  Task<Result<std::optional<AuditReport>>> next() override;

 private:
  [[nodiscard]] Task<Status> step();

  static constexpr Millis report_every{1000};
  PolicyStore& store_;
  async::BlockingPool& pool_;
  const Context ctx_;
  const std::shared_ptr<AuditCheck> check_;  // shared with a step whose caller has gone on
  const std::shared_ptr<void> place_;  // among the verifications that may run at once
  bool begun_ = false, over_ = false;
};

/// Gives the lines of an export.
class ExportStream final : public Stream<ExportLine> {
 public:
  ExportStream(PolicyStore& store, async::BlockingPool& pool, Context ctx, ExportHeader header,
               std::shared_ptr<void> place)
      : store_(store),
        pool_(pool),
        ctx_(std::move(ctx)),
        tenant_(header.tenant),
        walk_(std::make_shared<Walk>(header.tenant)),
        place_(std::move(place)) {
    lines_.push_back({.header = std::move(header), .record = {}, .checkpoint = {}, .end = {}});
  }
  Task<Result<std::optional<ExportLine>>> next() override;

 private:
  struct Walk {
    explicit Walk(std::optional<TenantId> only) : walk(std::move(only)) {}
    AuditWalk walk;
    std::vector<AuditItem> page;
  };
  [[nodiscard]] Task<Status> read_page();

  PolicyStore& store_;
  async::BlockingPool& pool_;
  const Context ctx_;
  const std::optional<TenantId> tenant_;
  const std::shared_ptr<Walk> walk_;  // shared with a read whose caller has gone on
  const std::shared_ptr<void> place_;
  std::deque<ExportLine> lines_;
  ExportEnd end_;
  bool over_ = false;
};

}  // namespace writ::policy
