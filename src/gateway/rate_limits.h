// RateLimits: what the constitution says of requests and bytes at the public door, kept for each principal and tenant.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/gateway_metrics.h"
#include "gateway/rate_table.h"
#include "http/admission.h"
#include "policy/api/rate_rule.h"

namespace writ::gateway {

/// Keys are proved identities only, so that nothing a client writes makes a bucket. Thread: any.
class RateLimits final : public http::Admission {
 public:
  /// built_in: what holds before a constitution was learnt, and under one that says nothing of rates.
  RateLimits(std::vector<policy::RateRule> built_in, const GatewayProbe& probe, const Clock& clock);
  ~RateLimits() override;

  /// The rates of the constitution in force; nothing said: the built-in ones. While they stay the same, so do the
  /// buckets; others begin with full buckets.
  /// Errors: invalid (bad_rates), then nothing has changed.
  [[nodiscard]] Status follow(const std::optional<std::vector<policy::RateRule>>& rates);
  /// Errors: quota_exceeded (rate_limit_exceeded, with the time of the limit that is free last), too_large
  /// (larger_than_burst).
  [[nodiscard]] Status admit(const Principal& principal, http::Asked asked) override;
  /// How many principals and tenants have buckets.
  [[nodiscard]] std::size_t size() const;

  static constexpr std::size_t principals_max = 65'536;  // some 200 bytes each
  static constexpr std::size_t tenants_max = 16'384;

 private:
  struct Limit;
  struct InForce;
  [[nodiscard]] std::shared_ptr<InForce> make(const std::vector<policy::RateRule>& rates);

  const std::vector<policy::RateRule> built_in_;
  const GatewayProbe& probe_;
  const Clock& clock_;
  std::mutex follow_;
  std::atomic<std::shared_ptr<InForce>> in_force_;  // shared with requests that began before a swap
};

}  // namespace writ::gateway
