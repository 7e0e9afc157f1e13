// Settling: what a call reserved is charged or given back also when nobody waits for it any more.
#pragma once

#include "async/task_group.h"
#include "policy/api/policy_port.h"

namespace writ::governed {

/// Whether the same request may have another answer later: policy or the way to it was at fault.
[[nodiscard]] bool passing(const Error& error);

/// How often and how long to try again: 100 ms, doubling to 5 s.
class Patience {
 public:
  Patience(SteadyTime until, std::stop_token stopping) : until_(until), stopping_(std::move(stopping)) {}
  /// False when it is time to give up.
  [[nodiscard]] Task<bool> wait();
  void begin_anew() { pause_ = first_pause; }

 private:
  static constexpr Millis first_pause{100}, last_pause{5000};
  SteadyTime until_;
  std::stop_token stopping_;
  Millis pause_ = first_pause;
};

/// Runs in `tasks`, apart from the caller and its context, and tries again until policy has it, the reservation expires
/// (then policy presumes the estimate) or the process stops.
class Settling {
 public:
  Settling(policy::PolicyPort& policy, async::TaskGroup& tasks) : policy_(&policy), tasks_(&tasks) {}

  /// Charges a call. `reservation`: of its decision, if it has one.
  void charge(Executor on, const Context& ctx, policy::SettleRequest settlement,
              const std::optional<policy::Reservation>& reservation) const;
  /// The answer to a question about a call was lost, and with it what it may have reserved: the question is asked again,
  /// which gives the same answer, and the call is settled with nothing.
  void give_back(Executor on, const Context& ctx, policy::EvaluateRequest question, std::string settle_id) const;

 private:
  policy::PolicyPort* policy_;
  async::TaskGroup* tasks_;
};

}  // namespace writ::governed
