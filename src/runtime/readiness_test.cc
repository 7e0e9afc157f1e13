#include "runtime/readiness.h"

#include <gtest/gtest.h>

namespace writ::runtime {
namespace {

using observability::Need;

Service service(const std::string& name, Status audit, Status feed, observability::Registry* registry = nullptr) {
  Service out;
  out.name = name;
  out.registry = registry;
  out.checks = {{"audit", Need::required, [audit] { return audit; }},
                {"feed", Need::optional, [feed] { return feed; }}};
  return out;
}
const Identity writ{"writ", "1.0", "local"};
const Status bad = fail(unavailable("disk_full", "no space left: free some"));

TEST(Readiness, one_process_names_checks_by_service) {
  std::deque<Service> services;
  services.push_back(service("policy", {}, {}));
  services.push_back(service("slm", bad, {}));
  const auto report = ready_report(writ, Phase::serving, services);
  EXPECT_FALSE(report.ready);
  EXPECT_EQ(
      to_text(report.body),
      R"({"service":"writ","version":"1.0","env":"local","status":"not_ready","checks":{)"
      R"("policy.audit":{"status":"ok","required":true},"policy.feed":{"status":"ok","required":false},)"
      R"("slm.audit":{"status":"failing","required":true,"code":"disk_full","message":"no space left: free some"},)"
      R"("slm.feed":{"status":"ok","required":false}}})");
}

TEST(Readiness, an_optional_check_is_shown_but_does_not_count) {
  std::deque<Service> services;
  services.push_back(service("policy", {}, bad));
  const auto report = ready_report(writ, Phase::serving, services);
  EXPECT_TRUE(report.ready);
  EXPECT_EQ(report.body.at("status"), "ready");
  EXPECT_EQ(report.body.at("checks").at("policy.feed").at("status"), "failing");
}

TEST(Readiness, nobody_is_ready_before_and_after_serving) {
  std::deque<Service> services;
  services.push_back(service("policy", {}, {}));
  EXPECT_FALSE(ready_report(writ, Phase::starting, services).ready);
  EXPECT_EQ(ready_report(writ, Phase::starting, services).body.at("status"), "starting");
  EXPECT_FALSE(ready_report(writ, Phase::draining, services).ready);
  EXPECT_EQ(ready_report(writ, Phase::draining, services).body.at("status"), "draining");
}

TEST(Readiness, a_service_alone_and_the_report_of_one_have_no_prefix) {
  std::deque<Service> services;
  services.push_back(service("policy", {}, {}));
  EXPECT_TRUE(ready_report({"policy", "1.0", "local"}, Phase::serving, services)
                  .body.at("checks")
                  .as_object()
                  .contains("audit"));
  services.push_back(service("slm", bad, {}));
  const auto policy = ready_report_of("policy", writ, Phase::serving, services);
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->ready);
  EXPECT_EQ(policy->body.at("service"), "policy");
  EXPECT_TRUE(policy->body.at("checks").as_object().contains("audit"));
  EXPECT_FALSE(ready_report_of("slm", writ, Phase::serving, services)->ready);
  EXPECT_FALSE(ready_report_of("nobody", writ, Phase::serving, services));
}

TEST(Readiness, the_message_of_a_defect_stays_in_the_process) {
  std::deque<Service> services;
  services.push_back(service("policy", fail(internal("row 17 of /secret/path")), {}));
  EXPECT_EQ(to_text(ready_report(writ, Phase::serving, services).body).find("secret"), std::string::npos);
}

TEST(Readiness, service_healthy_follows_the_required_checks) {
  observability::Registry good("policy", "1", "e"), failing("slm", "1", "e");
  std::deque<Service> services;
  services.push_back(service("policy", {}, bad, &good));
  services.push_back(service("slm", bad, {}, &failing));
  set_healthy(Phase::serving, services);
  EXPECT_EQ(good.healthy().value(), 1.0);
  EXPECT_EQ(failing.healthy().value(), 0.0);
  set_healthy(Phase::draining, services);
  EXPECT_EQ(good.healthy().value(), 0.0);
}

TEST(Health, asks_no_check) {
  EXPECT_EQ(to_text(health_body(writ)), R"({"service":"writ","version":"1.0","env":"local","status":"ok"})");
}

}  // namespace
}  // namespace writ::runtime
