#include "runtime/stop_signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace writ::runtime {
namespace {

/// Runs `body` in a process of its own, whose signals it may change, and returns how that ended.
template <class Body>
int status_of(Body body) {
  const auto child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(StopSignals, a_signal_ends_the_wait_even_when_it_came_before) {
  const auto status = status_of([] {
    StopSignals signals;
    ::kill(::getpid(), SIGTERM);
    if (signals.wait() != SIGTERM) ::_exit(1);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(StopSignals, a_second_signal_ends_the_process_at_once) {
  const auto status = status_of([] {
    StopSignals signals;
    ::kill(::getpid(), SIGINT);
    (void)signals.wait();
    ::kill(::getpid(), SIGINT);
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

TEST(StopSignals, a_request_from_another_thread_ends_the_wait) {
  const auto status = status_of([] {
    StopSignals signals;
    const std::jthread other([&] { signals.request(); });
    if (signals.wait() != 0) ::_exit(1);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace writ::runtime
