// AuthenticationAudit: tells the audit of failed authentications, counted by source, one fact an interval.
#pragma once

#include <optional>

#include "identity/api/failed_authentications.h"
#include "policy/api/policy_port.h"

namespace writ::app {

class AuthenticationAudit {
 public:
  static constexpr Seconds interval{15};
  static constexpr std::size_t sources_listed_max = 50;  // the others are in the count

  AuthenticationAudit(identity::FailedAuthentications& failed, policy::PolicyPort& policy,
                      const observability::Logger& log, const Clock& clock, Random& random)
      : failed_(failed), policy_(policy), log_(log), clock_(clock), random_(random) {}

  /// Looks every interval, and once more at the stop. What policy does not take is told again.
  [[nodiscard]] Task<void> run(std::stop_token stop);
  /// One look. Errors: those of the port; the fact then waits.
  [[nodiscard]] Task<Status> tell(Context ctx);

 private:
  identity::FailedAuthentications& failed_;
  policy::PolicyPort& policy_;
  const observability::Logger& log_;
  const Clock& clock_;
  Random& random_;
  std::optional<policy::AppendAudit> waiting_;  // the same id each time, so that it is taken once
};

}  // namespace writ::app
