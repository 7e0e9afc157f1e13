// Inspections: the scan state of the outputs that are on their way out, by model.call decision.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "policy/active_constitution.h"

namespace writ::policy {

/// Held in memory: after a restart an output that was on its way cannot go on, which its caller sees as gap_in_output.
/// Thread: any; one piece of one output at a time.
class Inspections {
 public:
  struct Seen {
    std::int64_t release_upto = 0;
    std::vector<std::string> new_facts;
    std::vector<std::string> all_facts;
  };
  /// Begins to follow an allowed model call. `expires_at`: when it may be forgotten.
  void begin(const TenantId& tenant, const DecisionId& decision, std::shared_ptr<const ActiveConstitution> active,
             WallTime expires_at, WallTime now);
  /// Errors: not_found (no_decision), conflict (gap_in_output), invalid (bad_text).
  [[nodiscard]] Result<Seen> feed(const TenantId& tenant, const InspectRequest& piece);
  /// Facts found so far, for the last decision; nothing when it is not followed.
  [[nodiscard]] std::vector<std::string> facts(const TenantId& tenant, const DecisionId& decision) const;
  void end(const TenantId& tenant, const DecisionId& decision);

 private:
  struct Output {
    std::shared_ptr<const ActiveConstitution>
        active;  // the scanner refers to it; a newer one may be in force meanwhile
    scan::WindowScanner scanner;
    WallTime expires_at;
    std::set<std::string> facts;
    std::size_t release_upto = 0;
    bool finished = false;
  };
  using Key = std::pair<TenantId, DecisionId>;
  static constexpr std::size_t outputs_max = 10'000;  // about 1 KiB each
  mutable std::mutex mutex_;
  std::map<Key, Output> outputs_;
};

}  // namespace writ::policy
