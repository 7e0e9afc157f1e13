#include "runtime/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace writ::runtime {
namespace {

class FileLimitTest : public testing::Test {
 public:
  ~FileLimitTest() override { ::setrlimit(RLIMIT_NOFILE, &before_); }

 protected:
  FileLimitTest() { ::getrlimit(RLIMIT_NOFILE, &before_); }
  [[nodiscard]] static rlimit now() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
  }
  void lower(rlim_t soft) const {
    const rlimit limit{.rlim_cur = soft, .rlim_max = before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }

 private:
  rlimit before_{};
};

TEST_F(FileLimitTest, is_raised_to_what_is_wanted) {
  lower(64);
  EXPECT_EQ(raise_file_limit(100), 100U);
  EXPECT_EQ(now().rlim_cur, 100U);
}

TEST_F(FileLimitTest, is_never_lowered) {
  lower(200);
  EXPECT_EQ(raise_file_limit(100), 200U);
  EXPECT_EQ(now().rlim_cur, 200U);
}

TEST_F(FileLimitTest, what_the_system_does_not_give_is_not_claimed) {
  constexpr std::size_t beyond = 1ULL << 40U;  // above what any kernel allows one process
  const auto had = raise_file_limit(beyond);
  EXPECT_LT(had, beyond);
  EXPECT_EQ(had, now().rlim_cur);
}

}  // namespace
}  // namespace writ::runtime
