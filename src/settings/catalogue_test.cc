#include "settings/catalogue.h"

#include <gtest/gtest.h>

#include "settings/shared_settings.h"

namespace writ::settings {
namespace {

struct Linked {
  std::string port;
  static constexpr auto settings() {
    return std::tuple(setting("WRIT_SLM_PORT", &Linked::port, text(1, 9), "1", "Port."));
  }
};
struct Foreign {
  std::string home;
  static constexpr auto settings() { return std::tuple(setting("HOME", &Foreign::home, text(1, 9), "1", "Home.")); }
};
struct Slm {
  std::int64_t context = 0;
  Millis deadline{};
  static constexpr auto settings() {
    return std::tuple(setting("WRIT_SLM_QUEUE_DEADLINE", &Slm::deadline, duration(Millis{1}, Seconds{600}), "30s",
                              "Longest wait.", "clients give up"),
                      setting("WRIT_SLM_CONTEXT", &Slm::context, integer(256, 131'072), "4096", "Tokens of context."));
  }
};

Catalogue sample() {
  Catalogue catalogue;
  catalogue.add<SharedSettings>("shared");
  catalogue.add<Slm>("slm");
  catalogue.retire("WRIT_MODEL", "use WRIT_SLM_MODELS");
  catalogue.for_scripts("WRIT_CACHE");
  return catalogue;
}

TEST(Catalogue, an_unknown_variable_is_a_problem_with_the_nearest_name) {
  const auto findings = sample().check(Environment({{"WRIT_SLM_CONTXET", "1"},
                                                    {"WRIT_CLIENT_SECRETFILE", "x"},
                                                    {"WRIT_QQ", ""},
                                                    {"PATH", "/bin"},
                                                    {"OTEL_X", "y"}}));
  ASSERT_EQ(findings.problems.size(), 3U);
  EXPECT_EQ(findings.problems[0],
            (Problem{"WRIT_CLIENT_SECRETFILE", "is not a setting: did you mean WRIT_CLIENT_SECRET_FILE?"}));
  EXPECT_EQ(findings.problems[1].message, "is not a setting: unset it (`writ describe` lists all settings)");
  EXPECT_EQ(findings.problems[2], (Problem{"WRIT_SLM_CONTXET", "is not a setting: did you mean WRIT_SLM_CONTEXT?"}));
}

TEST(Catalogue, known_retired_and_script_variables_do_not_stop_the_start) {
  const auto findings = sample().check(Environment(
      {{"WRIT_SLM_CONTEXT", "1"}, {"WRIT_CLIENT_SECRET_FILE", "x"}, {"WRIT_MODEL", "y"}, {"WRIT_CACHE", "z"}}));
  EXPECT_TRUE(findings.problems.empty());
  ASSERT_EQ(findings.warnings.size(), 1U);
  EXPECT_EQ(findings.warnings[0].message, "is no longer read: use WRIT_SLM_MODELS");
}

TEST(Catalogue, service_links_of_kubernetes_are_ignored) {
  const auto findings = sample().check(Environment({{"WRIT_POLICY_SERVICE_HOST", "10.0.0.1"},
                                                    {"WRIT_POLICY_SERVICE_PORT", "80"},
                                                    {"WRIT_POLICY_SERVICE_PORT_HTTP", "80"},
                                                    {"WRIT_PORT", "tcp://10.0.0.1:80"},
                                                    {"WRIT_POLICY_PORT", "tcp://10.0.0.1:80"},
                                                    {"WRIT_POLICY_PORT_80_TCP_ADDR", "10.0.0.1"}}));
  EXPECT_TRUE(findings.problems.empty());
}

TEST(Catalogue, a_port_in_the_wrong_variable_is_not_mistaken_for_a_service_link) {
  const auto findings = sample().check(Environment({{"WRIT_PORT", "9000"}}));
  ASSERT_EQ(findings.problems.size(), 1U);
  EXPECT_EQ(findings.problems[0].message, "is not a setting: use PORT");
}

TEST(CatalogueDeathTest, refuses_names_that_cannot_work) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Catalogue catalogue = sample();
  EXPECT_DEATH(catalogue.add<Linked>("slm"), "Kubernetes");
  EXPECT_DEATH(catalogue.add<Foreign>("slm"), "WRIT_");
  EXPECT_DEATH(catalogue.add<Slm>("slm"), "declared once");
}

TEST(Catalogue, describes_every_setting_by_name) {
  const auto rows = sample().describe();
  EXPECT_EQ(rows.size(), 16U);
  EXPECT_EQ(rows[0].at("variable"), "PORT");
  EXPECT_TRUE(
      std::ranges::is_sorted(rows, {}, [](const json::value& row) { return view(row.at("variable").as_string()); }));
  const auto deadline =
      std::ranges::find_if(rows, [](const auto& row) { return row.at("variable") == "WRIT_SLM_QUEUE_DEADLINE"; });
  EXPECT_EQ(
      to_text(*deadline),
      R"({"variable":"WRIT_SLM_QUEUE_DEADLINE","section":"slm","type":"duration","required":false,"default":"30s",)"
      R"("min":"1ms","max":"10m","doc":"Longest wait.","reason":"clients give up"})");
}

}  // namespace
}  // namespace writ::settings
