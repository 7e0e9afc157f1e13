#include "observability/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace writ::observability {
namespace {

constexpr std::array<std::string_view, 2> verdicts{"allow", "deny"};
constexpr MetricInfo decisions{
    .name = "decisions_total", .help = "Decisions\nmade.", .labels = {Label{"verdict", verdicts}}};
constexpr MetricInfo calls{
    .name = "calls_total", .help = "Calls.", .labels = {Label{"op"}, Label{"outcome"}}, .series_max = 2};
constexpr std::array<double, 2> bounds{0.5, 1};
constexpr MetricInfo seconds{.name = "call_seconds", .help = "Time.", .type = MetricType::histogram, .buckets = bounds};
constexpr MetricInfo seconds_again{
    .name = "call_seconds", .help = "Another.", .type = MetricType::histogram, .buckets = bounds};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Metrics, registries_merge_by_family_with_one_help_and_type) {
  Registry policy("policy", "1.0", "local"), slm("slm", "1.0", "local");
  policy.counters(decisions).with({"deny"}).add(3);
  slm.counters(decisions).with({"allow"}).add();
  policy.healthy().set(1);
  const std::array<const Registry*, 2> both{&policy, &slm};
  EXPECT_EQ(write_prometheus(both),
            "# HELP decisions_total Decisions\\nmade.\n"
            "# TYPE decisions_total counter\n"
            "decisions_total{service_name=\"policy\",service_version=\"1.0\",env=\"local\",verdict=\"deny\"} 3\n"
            "decisions_total{service_name=\"slm\",service_version=\"1.0\",env=\"local\",verdict=\"allow\"} 1\n"
            "# HELP service_healthy 1 while every required readiness check of the service passes, else 0.\n"
            "# TYPE service_healthy gauge\n"
            "service_healthy{service_name=\"policy\",service_version=\"1.0\",env=\"local\"} 1\n"
            "service_healthy{service_name=\"slm\",service_version=\"1.0\",env=\"local\"} 0\n");
}

TEST(Metrics, a_histogram_is_cumulative_and_its_bounds_are_inclusive) {
  Registry registry("s", "1", "e");
  const auto histogram = registry.histogram(seconds);
  histogram.observe(0.5);
  histogram.observe(std::chrono::milliseconds(750));
  histogram.observe(2.0);
  const Registry* const one = &registry;
  const auto text = write_prometheus({&one, 1});
  EXPECT_TRUE(contains(text, "env=\"e\",le=\"0.5\"} 1\n")) << text;
  EXPECT_TRUE(contains(text, "env=\"e\",le=\"1\"} 2\n"));
  EXPECT_TRUE(contains(text, "env=\"e\",le=\"+Inf\"} 3\n"));
  EXPECT_TRUE(contains(text, "call_seconds_sum{service_name=\"s\",service_version=\"1\",env=\"e\"} 3.25\n"));
  EXPECT_TRUE(contains(text, "call_seconds_count{service_name=\"s\",service_version=\"1\",env=\"e\"} 3\n"));
}

TEST(Metrics, label_values_are_escaped) {
  Registry registry("a\"b\\c\nd", "1", "e");
  const Registry* const one = &registry;
  EXPECT_TRUE(contains(write_prometheus({&one, 1}), R"(service_name="a\"b\\c\nd")"));
}

TEST(Metrics, runtime_values_beyond_the_limit_share_one_series) {
  Registry registry("s", "1", "e");
  const auto family = registry.counters(calls);
  family.with({"a", "ok"}).add();
  family.with({"b", "ok"}).add();
  family.with({"c", "ok"}).add();
  family.with({"d", "ok"}).add();
  family.with({"a", "ok"}).add();
  EXPECT_EQ(family.with({"a", "ok"}).value(), 2U);
  EXPECT_EQ(family.with({"other", "other"}).value(), 2U);
}

TEST(Metrics, components_that_ask_for_the_same_row_share_the_series) {
  Registry registry("s", "1", "e");
  registry.counters(decisions).with({"allow"}).add(2);
  EXPECT_EQ(registry.counters(decisions).with({"allow"}).value(), 2U);
}

TEST(Metrics, no_increment_is_lost_between_threads) {
  Registry registry("s", "1", "e");
  const auto counter = registry.counters(decisions).with({"allow"});
  const auto histogram = registry.histogram(seconds);
  const auto gauge = registry.healthy();
  const auto work = [&] {
    for (int i = 0; i < 10'000; ++i) {
      counter.add();
      histogram.observe(0.25);
      gauge.add(1);
    }
  };
  { const std::jthread a(work), b(work); }
  EXPECT_EQ(counter.value(), 20'000U);
  EXPECT_EQ(histogram.count(), 20'000U);
  EXPECT_EQ(gauge.value(), 20'000.0);
}

TEST(MetricsDeathTest, wrong_uses_of_a_row_are_bugs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Registry registry("s", "1", "e");
  EXPECT_DEATH((void)registry.counters(decisions).with({"maybe"}), "row's list");
  EXPECT_DEATH((void)registry.counters(decisions).with({}), "one value for each label");
  EXPECT_DEATH((void)registry.gauges(decisions), "as its row says");
  (void)registry.histogram(seconds);
  EXPECT_DEATH((void)registry.histogram(seconds_again), "one name is one metric");
}

TEST(Metrics, rows_describe_themselves_once_and_in_order) {
  const std::array<const MetricInfo*, 3> rows{&decisions, &seconds, &decisions};
  EXPECT_EQ(
      to_text(describe(rows)),
      R"([{"name":"call_seconds","type":"histogram","help":"Time.","labels":[],"buckets":[0.5,1]},)"
      R"({"name":"decisions_total","type":"counter","help":"Decisions\nmade.","labels":[{"name":"verdict","values":["allow","deny"]}]}])");
}

}  // namespace
}  // namespace writ::observability
