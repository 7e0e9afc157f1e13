#include "gateway/rate_limits.h"

#include <gtest/gtest.h>

#include <thread>

namespace writ::gateway {
namespace {

using policy::RateKind;
using policy::RatePer;
using policy::RateRule;
using Rules = std::vector<RateRule>;

/// Its wall clock jumps about; only the steady one says how much time has passed.
class JumpingClock final : public Clock {
 public:
  SteadyTime steady_now{Seconds{1000}};
  [[nodiscard]] WallTime now() const override {
    jump_ = -jump_ * 2;
    return WallTime{Seconds{1'000'000} + jump_};
  }
  [[nodiscard]] SteadyTime steady() const override { return steady_now; }

 private:
  mutable Seconds jump_{1};
};

RateRule rule(std::string id, RatePer per, RateKind kind, std::int64_t count, std::int64_t burst) {
  return {.id = std::move(id), .per = per, .kind = kind, .count = count, .per_seconds = 1, .burst = burst};
}
constexpr std::int64_t mib = 1 << 20;

struct RateLimitsTest : testing::Test {
  observability::Registry registry{"gateway", "1", "test"};
  GatewayProbe probe{registry};
  JumpingClock clock;
  RateLimits limits{{rule("own", RatePer::principal, RateKind::requests, 1, 3)}, probe, clock};

  /// The error's code, "" when let in.
  std::string ask(std::string subject, http::Asked asked = {.requests = 1}, std::string tenant = "t") {
    last = limits.admit({.tenant = TenantId(std::move(tenant)), .subject = Subject(std::move(subject))}, asked);
    return last ? "" : last.error().code;
  }
  int let_in(const std::string& subject, int tries, const std::string& tenant = "t") {
    int out = 0;
    for (int i = 0; i < tries; ++i) out += ask(subject, {.requests = 1}, tenant).empty() ? 1 : 0;
    return out;
  }
  Status last;
};

TEST_F(RateLimitsTest, who_is_over_the_rate_is_told_which_and_when) {
  EXPECT_EQ(let_in("ann", 3), 3);
  EXPECT_EQ(ask("ann"), "rate_limit_exceeded");
  EXPECT_EQ(last.error().kind, ErrorKind::quota_exceeded);
  EXPECT_EQ(last.error().retry_after, Seconds{1});
  EXPECT_EQ(last.error().message,
            "the limit \"own\" of 1 requests in 1 s for each principal, 3 at once has no room for 1 requests now; free "
            "again in 1 s");
  clock.steady_now += Millis{999};
  EXPECT_EQ(ask("ann"), "rate_limit_exceeded");
  EXPECT_EQ(last.error().retry_after, Seconds{1});
  clock.steady_now += Millis{1};
  EXPECT_EQ(ask("ann"), "");
  EXPECT_EQ(ask("ann"), "rate_limit_exceeded");
}

TEST_F(RateLimitsTest, one_principal_does_not_hurt_another_nor_its_namesake_elsewhere) {
  EXPECT_EQ(let_in("ann", 100), 3);
  EXPECT_EQ(let_in("bob", 3), 3);
  EXPECT_EQ(let_in("ann", 3, "other"), 3);
}

TEST_F(RateLimitsTest, a_tenant_is_limited_over_all_its_principals_and_hurts_no_other) {
  ASSERT_TRUE(limits.follow(Rules{rule("own", RatePer::principal, RateKind::requests, 1, 3),
                                  rule("all", RatePer::tenant, RateKind::requests, 2, 10)}));
  int passed = 0;
  for (int i = 0; i < 20; ++i) passed += let_in("p" + std::to_string(i), 1);
  EXPECT_EQ(passed, 10);
  EXPECT_EQ(ask("p99"), "rate_limit_exceeded");
  EXPECT_TRUE(last.error().message.contains("\"all\"")) << last.error().message;
  EXPECT_EQ(let_in("p0", 3, "other"), 3);
}

TEST_F(RateLimitsTest, what_one_limit_refuses_draws_on_no_other) {
  ASSERT_TRUE(limits.follow(Rules{rule("own", RatePer::principal, RateKind::requests, 1, 3),
                                  rule("all", RatePer::tenant, RateKind::requests, 2, 10)}));
  EXPECT_EQ(let_in("ann", 100), 3);
  EXPECT_EQ(let_in("bob", 100) + let_in("cec", 100) + let_in("dan", 100), 7);
  // dan was refused by the tenant's limit, not by its own.
  clock.steady_now += Seconds{1};
  EXPECT_EQ(let_in("dan", 100), 2);
}

TEST_F(RateLimitsTest, bytes_count_and_nothing_is_taken_when_a_part_does_not_fit) {
  ASSERT_TRUE(limits.follow(Rules{rule("own", RatePer::principal, RateKind::requests, 1, 3),
                                  rule("size", RatePer::principal, RateKind::bytes, mib, 2 * mib)}));
  EXPECT_EQ(ask("ann", {.requests = 1, .bytes = mib + mib / 2}), "");
  EXPECT_EQ(ask("ann", {.requests = 1, .bytes = mib}), "rate_limit_exceeded");
  EXPECT_TRUE(last.error().message.contains("\"size\" of 1048576 bytes in 1 s")) << last.error().message;
  EXPECT_EQ(last.error().retry_after, Seconds{1});
  EXPECT_EQ(ask("ann", {.requests = 1}), "");
  EXPECT_EQ(ask("ann", {.requests = 0, .bytes = 1}), "");
  EXPECT_EQ(ask("ann", {.requests = 1, .bytes = 0}), "");
  EXPECT_EQ(ask("ann"), "rate_limit_exceeded");
}

TEST_F(RateLimitsTest, the_limit_that_is_free_last_is_the_one_told) {
  ASSERT_TRUE(limits.follow(Rules{rule("own", RatePer::principal, RateKind::requests, 1, 3),
                                  rule("size", RatePer::principal, RateKind::bytes, mib / 8, mib)}));
  EXPECT_EQ(ask("ann", {.requests = 3, .bytes = mib}), "");
  EXPECT_EQ(ask("ann", {.requests = 1, .bytes = mib}), "rate_limit_exceeded");
  EXPECT_EQ(last.error().retry_after, Seconds{8});
  clock.steady_now += Seconds{8};
  EXPECT_EQ(ask("ann", {.requests = 1, .bytes = mib}), "");
}

TEST_F(RateLimitsTest, what_can_never_pass_is_too_large_and_not_for_later) {
  EXPECT_EQ(ask("ann", {.requests = 4}), "larger_than_burst");
  EXPECT_EQ(last.error().kind, ErrorKind::too_large);
  EXPECT_EQ(last.error().retry_after, std::nullopt);
  EXPECT_EQ(let_in("ann", 4), 3);
}

TEST_F(RateLimitsTest, other_rates_hold_at_once_and_the_same_forget_nothing) {
  EXPECT_EQ(let_in("ann", 100), 3);
  ASSERT_TRUE(limits.follow(std::nullopt));
  EXPECT_EQ(let_in("ann", 100), 0);
  ASSERT_TRUE(limits.follow(Rules{rule("own", RatePer::principal, RateKind::requests, 1, 5)}));
  EXPECT_EQ(let_in("ann", 100), 5);
  ASSERT_TRUE(limits.follow(Rules{}));
  EXPECT_EQ(let_in("ann", 100), 100);
  ASSERT_TRUE(limits.follow(std::nullopt));
  EXPECT_EQ(let_in("ann", 100), 3);
}

TEST_F(RateLimitsTest, rates_that_no_constitution_may_have_change_nothing) {
  EXPECT_EQ(limits.follow(Rules{rule("size", RatePer::tenant, RateKind::bytes, mib, 1)}).error().code, "bad_rates");
  EXPECT_EQ(let_in("ann", 100), 3);
}

TEST_F(RateLimitsTest, refusals_are_counted_by_limit) {
  (void)let_in("ann", 10);
  const std::array<const observability::Registry*, 1> all{&registry};
  const auto text = write_prometheus(all);
  const auto line = text.find("\ngateway_rate_refused_total{");
  ASSERT_NE(line, std::string::npos) << text;
  const auto shown = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
  EXPECT_TRUE(shown.contains("limit=\"own\"") && shown.ends_with(" 7")) << shown;
}

TEST_F(RateLimitsTest, many_names_take_bounded_memory) {
  for (std::size_t i = 0; i < RateLimits::principals_max * 2; ++i) (void)ask("p" + std::to_string(i));
  EXPECT_LE(limits.size(), RateLimits::principals_max + 1);
}

TEST_F(RateLimitsTest, the_limit_is_one_for_all_threads) {
  ASSERT_TRUE(limits.follow(Rules{rule("own", RatePer::principal, RateKind::requests, 1, 500),
                                  rule("all", RatePer::tenant, RateKind::requests, 1, 700)}));
  std::atomic<int> passed = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        const Principal who{.tenant = TenantId("t"), .subject = Subject(t % 2 == 0 ? "ann" : "bob")};
        for (int i = 0; i < 500; ++i)
          if (limits.admit(who, {.requests = 1})) ++passed;
      });
  }
  EXPECT_EQ(passed, 700);
}

}  // namespace
}  // namespace writ::gateway
