// AuditReads: which reads of the audit are recorded: the first of a subject in each interval, with how many came since.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "core/clock.h"
#include "core/id.h"

namespace writ::policy {

/// Thread: any.
class AuditReads {
 public:
  static constexpr Seconds interval{60};  // who reads all the time adds a record a minute, not one a read

  /// When this read must be recorded: how many reads of the subject were not, since the last that was.
  [[nodiscard]] std::optional<std::int64_t> note(const TenantId& tenant, const Subject& subject, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    if (reads_.size() >= subjects_max)
      std::erase_if(reads_, [&](const auto& entry) { return now - entry.second.recorded >= interval; });
    const auto found = reads_.find({tenant, subject});
    if (found != reads_.end() && now - found->second.recorded < interval) {
      ++found->second.since;
      return std::nullopt;
    }
    const auto since = found == reads_.end() ? 0 : found->second.since;
    if (found != reads_.end() || reads_.size() < subjects_max)
      reads_[{tenant, subject}] = {.recorded = now, .since = 0};
    return since;
  }

 private:
  struct Reads {
    SteadyTime recorded;
    std::int64_t since = 0;
  };
  static constexpr std::size_t subjects_max = 4096;  // beyond it every read is recorded
  std::mutex mutex_;
  std::map<std::pair<TenantId, Subject>, Reads> reads_;
};

}  // namespace writ::policy
