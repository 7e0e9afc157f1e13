#include "gateway/rate_limits.h"

#include <fmt/format.h>

namespace writ::gateway {

using policy::RateKind;
using policy::RatePer;
using policy::RateRule;

struct RateLimits::Limit {
  RateRule rule;
  quota::Rate rate;
  observability::Counter refused;
};

struct RateLimits::InForce {
  std::vector<RateRule> rules;
  std::vector<Limit> of_principal, of_tenant;
  RateTable principals, tenants;
};

namespace {

std::int64_t permits_of(RateKind kind, http::Asked asked) {
  return static_cast<std::int64_t>(kind == RateKind::requests ? asked.requests : asked.bytes);
}

std::string described(const RateRule& rule) {
  return fmt::format("the limit \"{}\" of {} {} in {} s for each {}, {} at once", rule.id, rule.count,
                     schema::name_of(rule.kind), rule.per_seconds, schema::name_of(rule.per), rule.burst);
}

Error too_much(const RateRule& rule, std::int64_t permits) {
  return {.kind = ErrorKind::too_large,
          .code = "larger_than_burst",
          .message = fmt::format("{} {} can never pass {}", permits, schema::name_of(rule.kind), described(rule))};
}

Error wait(const RateRule& rule, std::int64_t permits, std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::ceil<Seconds>(time);
  return {.kind = ErrorKind::quota_exceeded,
          .code = "rate_limit_exceeded",
          .message = fmt::format("{} has no room for {} {} now; free again in {} s", described(rule), permits,
                                 schema::name_of(rule.kind), seconds.count()),
          .retry_after = seconds};
}

}  // namespace

RateLimits::RateLimits(std::vector<RateRule> built_in, const GatewayProbe& probe, const Clock& clock)
    : built_in_(std::move(built_in)), probe_(probe), clock_(clock), in_force_(make(built_in_)) {}
RateLimits::~RateLimits() = default;

std::shared_ptr<RateLimits::InForce> RateLimits::make(const std::vector<RateRule>& rates) {
  std::vector<Limit> of_principal, of_tenant;
  for (const auto& rule : rates) {
    auto& limits = rule.per == RatePer::principal ? of_principal : of_tenant;
    limits.push_back({.rule = rule,
                      .rate = {.count = rule.count, .per = Seconds{rule.per_seconds}, .burst = rule.burst},
                      .refused = probe_.rate_refused(rule.id)});
  }
  const auto own = of_principal.size(), shared = of_tenant.size();
  return std::shared_ptr<InForce>(new InForce{.rules = rates,
                                              .of_principal = std::move(of_principal),
                                              .of_tenant = std::move(of_tenant),
                                              .principals = RateTable(own, principals_max),
                                              .tenants = RateTable(shared, tenants_max)});
}

Status RateLimits::follow(const std::optional<std::vector<RateRule>>& rates) {
  const auto& wanted = rates ? *rates : built_in_;
  for (const auto& rule : wanted)
    if (auto problem = policy::problem_of(rule))
      return fail(invalid("bad_rates", "the rate \"" + rule.id + "\": " + problem->message));
  const std::lock_guard lock(follow_);
  if (in_force_.load()->rules != wanted) in_force_.store(make(wanted));
  return {};
}

Status RateLimits::admit(const Principal& principal, http::Asked asked) {
  const auto in_force = in_force_.load();
  const auto now = clock_.steady();
  // Always in this order, so that two requests never wait for each other.
  const auto own = in_force->principals.buckets_of({principal.tenant.str(), principal.subject.str()}, now);
  const auto shared = in_force->tenants.buckets_of({principal.tenant.str()}, now);
  const Limit* refusing = nullptr;
  std::chrono::nanoseconds longest{};
  const auto each = [&](const std::vector<Limit>& limits, std::span<quota::Bucket> buckets, auto&& visit) {
    for (std::size_t i = 0; i < limits.size(); ++i)
      if (const auto permits = permits_of(limits[i].rule.kind, asked); permits > 0)
        visit(limits[i], buckets[i], permits);
  };
  const auto both = [&](auto&& visit) {
    each(in_force->of_principal, own.buckets(), visit);
    each(in_force->of_tenant, shared.buckets(), visit);
  };
  const Limit* never = nullptr;
  both([&](const Limit& limit, const quota::Bucket& bucket, std::int64_t permits) {
    if (permits > limit.rate.burst) {
      never = &limit;
    } else if (const auto time = quota::wait_for(bucket, limit.rate, now, permits); time && *time > longest) {
      refusing = &limit;
      longest = *time;
    }
  });
  if (never != nullptr) {
    never->refused.add();
    return fail(too_much(never->rule, permits_of(never->rule.kind, asked)));
  }
  if (refusing != nullptr) {
    refusing->refused.add();
    return fail(wait(refusing->rule, permits_of(refusing->rule.kind, asked), longest));
  }
  both([&](const Limit& limit, quota::Bucket& bucket, std::int64_t permits) {
    (void)quota::take(bucket, limit.rate, now, permits);
  });
  return {};
}

std::size_t RateLimits::size() const {
  const auto in_force = in_force_.load();
  return in_force->principals.size() + in_force->tenants.size();
}

}  // namespace writ::gateway
