#include "observability/log.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

#include "core/json.h"
#include "core/secret.h"

namespace writ::observability {
namespace {

static_assert(!std::is_constructible_v<LogValue, Secret>, "a secret is never a log value");
static_assert(!std::is_constructible_v<LogValue, const Secret&>);
static_assert(!std::is_constructible_v<LogValue, void*>, "a pointer is not a flag");

class FixedClock final : public Clock {
 public:
  WallTime now() const override { return WallTime{Millis{1'500}}; }
  SteadyTime steady() const override { return {}; }
};

struct Lines {
  FixedClock clock;
  std::vector<std::string> lines;
  Logger log(Level least) {
    return {"policy", least, [this](std::string_view line) { lines.emplace_back(line); }, clock};
  }
};

TEST(Log, one_event_is_one_json_line) {
  Lines out;
  out.log(Level::info)
      .info("run_started",
            {{"run_id", RunId("run_1")}, {"step", 3}, {"late", false}, {"took_ms", Millis{250}}, {"note", "a\"b\nc"}},
            {.trace_id = "t", .span_id = "s"});
  ASSERT_EQ(out.lines.size(), 1U);
  EXPECT_EQ(
      out.lines[0],
      R"({"ts":"1970-01-01T00:00:01.500Z","level":"info","service":"policy","event":"run_started","run_id":"run_1","step":3,)"
      R"("late":false,"took_ms":250,"note":"a\"b\nc","trace_id":"t","span_id":"s"})"
      "\n");
}

TEST(Log, events_below_the_level_are_not_written) {
  Lines out;
  const auto log = out.log(Level::warn);
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  EXPECT_EQ(out.lines.size(), 2U);
}

TEST(Log, an_error_is_written_at_the_level_of_its_kind) {
  Lines out;
  const auto log = out.log(Level::debug);
  log.failed("settle_failed", internal("disk full", "audit"), {{"attempt", 2}});
  log.failed("refused", not_found("no_run", "no such run"));
  ASSERT_EQ(out.lines.size(), 2U);
  const auto line = parse_json(out.lines[0]);
  ASSERT_TRUE(line);
  EXPECT_EQ(text_at(line->as_object(), "level"), "error");
  EXPECT_EQ(text_at(line->as_object(), "where"), "audit");
  EXPECT_EQ(text_at(line->as_object(), "message"), "disk full");
  EXPECT_EQ(line->at("attempt"), 2);
  EXPECT_NE(text_at(parse_json(out.lines[1])->as_object(), "level"), "error");
}

TEST(Log, every_line_is_valid_json_whatever_the_bytes_and_long_text_is_cut) {
  Lines out;
  const auto log = out.log(Level::debug);
  log.info("bytes", {{"raw", std::string("\xff\xfe")}});
  log.info("long", {{"text", std::string(10'000, 'x') + "\xC3\xBC"}});
  for (const auto& line : out.lines) EXPECT_TRUE(parse_json(line)) << line;
  EXPECT_LT(out.lines[1].size(), 5'000U);
}

TEST(Log, levels_have_names) {
  EXPECT_EQ(level_named("warn"), Level::warn);
  EXPECT_EQ(level_named("loud"), std::nullopt);
}

}  // namespace
}  // namespace writ::observability
