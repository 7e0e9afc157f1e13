// LeaseWatch: which other hosts are gone. A host that lives renews its leases; whoever sees one unrenewed for a whole lease,
// on its own monotonic clock, may take its runs. No clock of the machine or the database is believed for that.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/clock.h"

namespace writ::orchestrator {

/// The newest lease that an owner of unfinished runs has.
struct Lease {
  std::string owner;
  WallTime until;  // compared for change only
};

class LeaseWatch {
 public:
  explicit LeaseWatch(Millis lease) : lease_(lease) {}

  /// The owners whose lease has not changed for one lease before `now`.
  [[nodiscard]] std::vector<std::string> gone(const std::vector<Lease>& leases, SteadyTime now) {
    std::map<std::string, Seen> seen;
    std::vector<std::string> out;
    for (const auto& [owner, until] : leases) {
      const auto before = seen_.find(owner);
      const auto since = before != seen_.end() && before->second.until == until ? before->second.since : now;
      if (now - since >= lease_) out.push_back(owner);
      seen.insert_or_assign(owner, Seen{until, since});
    }
    seen_ = std::move(seen);
    return out;
  }

 private:
  struct Seen {
    WallTime until;
    SteadyTime since;
  };
  const Millis lease_;
  std::map<std::string, Seen> seen_;
};

}  // namespace writ::orchestrator
