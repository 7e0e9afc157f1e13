#include "runtime/last_resort.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <thread>

namespace writ::runtime {
namespace {

class LastResortDeathTest : public testing::Test {
 protected:
  LastResortDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(LastResortDeathTest, ends_a_process_that_hangs_and_says_why) {
  EXPECT_EXIT(
      {
        LastResort last;
        last.arm(Millis{50}, "the stop hangs");
        std::this_thread::sleep_for(Seconds{30});
      },
      testing::ExitedWithCode(exit_not_stopped), "the stop hangs");
}

TEST_F(LastResortDeathTest, ends_it_also_when_nobody_reads_stderr) {
  EXPECT_EXIT(
      {
        int ends[2];
        if (::pipe(ends) != 0) std::_Exit(1);
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        const std::string text(4096, 'x');
        while (::write(ends[1], text.data(), text.size()) > 0) {}
        ::fcntl(ends[1], F_SETFL, 0);
        ::dup2(ends[1], STDERR_FILENO);
        LastResort last;
        last.arm(Millis{50}, "the stop hangs");
        std::this_thread::sleep_for(Seconds{30});
      },
      testing::ExitedWithCode(exit_not_stopped), "");
}

TEST_F(LastResortDeathTest, an_exception_that_nobody_catches_is_said) {
  EXPECT_DEATH(
      {
        say_why_on_terminate();
        std::thread([] { throw std::runtime_error("nobody caught it"); }).join();
      },
      "nobody caught it");
}

TEST(LastResort, what_ends_in_time_is_left_alone) {
  LastResort last;
  last.arm(Seconds{30}, "never");
}

}  // namespace
}  // namespace writ::runtime
