#include "identity/api/failed_authentications.h"

#include <gtest/gtest.h>

namespace writ::identity {
namespace {

class MovedClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return {}; }
  [[nodiscard]] SteadyTime steady() const override { return at; }
  SteadyTime at;
};

class FailedAuthenticationsTest : public testing::Test {
 protected:
  MovedClock clock_;
  observability::Registry registry_{"gateway", "1", "test"};
  int lines_ = 0;
  std::string last_;
  observability::Logger log_{"gateway", observability::Level::info, [this](std::string_view line) {
                               ++lines_;
                               last_ = line;
                             }};
  FailedAuthentications failed_{registry_, log_, clock_};
};

TEST_F(FailedAuthenticationsTest, a_flood_is_counted_whole_and_written_in_a_few_lines) {
  const auto error = unauthenticated("invalid_key", "no");
  for (int i = 0; i < 10'000; ++i) failed_.note("10.0.0.1:" + std::to_string(i), error);
  EXPECT_EQ(lines_, 1);
  for (int i = 0; i < 10'000; ++i)
    failed_.note("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":1", error);
  EXPECT_EQ(lines_, FailedAuthentications::lines_max);
  clock_.at += FailedAuthentications::window;
  failed_.note("10.0.0.1:1", error);
  EXPECT_EQ(lines_, FailedAuthentications::lines_max + 1);
  EXPECT_NE(last_.find("\"not_logged\":9996"), std::string::npos) << last_;
  const auto sources = failed_.take();
  EXPECT_LE(sources.size(), FailedAuthentications::sources_max + 1);
  std::int64_t all = 0;
  for (const auto& source : sources) all += source.count;
  EXPECT_EQ(all, 20'001);
  EXPECT_TRUE(failed_.take().empty());
}

TEST_F(FailedAuthenticationsTest, a_service_that_is_down_is_no_failed_attempt) {
  failed_.note("10.0.0.1:1", unavailable("identity_stale", "stale"));
  EXPECT_TRUE(failed_.take().empty());
  EXPECT_EQ(lines_, 0);
}

}  // namespace
}  // namespace writ::identity
