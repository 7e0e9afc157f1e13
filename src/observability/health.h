// Readiness: named checks that answer at once from memory, and the cell where background work leaves its last result.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"

namespace writ::observability {

/// Whether the service takes traffic without it.
enum class Need { required, optional };

struct Check {
  std::string name;  // "audit"; one process shows it as "policy.audit"
  Need need = Need::required;
  /// Never blocks and never asks a dependency: it tells what is known. The error's message says how to fix it.
  /// Thread: any.
  std::function<Status()> status;
  /// More to show beside it, never secret; empty for nothing. As quick as `status`. Thread: any.
  std::function<json::object()> detail = {};
};

/// What background work found out last. A result older than `max_age` is an error by itself: silence is not health.
/// Thread: any.
class LastKnown {
 public:
  LastKnown(std::string what, Millis max_age) : what_(std::move(what)), max_age_(max_age) {}
  void set(Status status, SteadyTime now = system_clock().steady());
  /// Errors: unavailable (not_yet_known, stale), or what was set.
  [[nodiscard]] Status get(SteadyTime now = system_clock().steady()) const;

 private:
  const std::string what_;
  const Millis max_age_;
  mutable std::mutex mutex_;
  Status status_;
  SteadyTime at_ = SteadyTime::min();
};

}  // namespace writ::observability
