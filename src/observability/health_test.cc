#include "observability/health.h"

#include <gtest/gtest.h>

namespace writ::observability {
namespace {

TEST(LastKnown, silence_is_not_health) {
  LastKnown feed("revocation feed", Seconds{10});
  const SteadyTime start{Seconds{100}};
  EXPECT_EQ(feed.get(start).error().code, "not_yet_known");
  feed.set({}, start);
  EXPECT_TRUE(feed.get(start + Seconds{10}));
  EXPECT_EQ(feed.get(start + Seconds{11}).error().code, "stale");
  feed.set(fail(unavailable("refused", "connection refused")), start + Seconds{12});
  EXPECT_EQ(feed.get(start + Seconds{12}).error().code, "refused");
  feed.set({}, start + Seconds{13});
  EXPECT_TRUE(feed.get(start + Seconds{13}));
}

}  // namespace
}  // namespace writ::observability
