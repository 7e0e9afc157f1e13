#include "runtime/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "core/assert.h"

namespace writ::runtime {
namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const auto set = stop_set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  requests_ = ::eventfd(0, EFD_CLOEXEC);
  WRIT_ASSERT(signals_ >= 0 && requests_ >= 0, "the first descriptors of a process can be had");
}

StopSignals::~StopSignals() {
  ::close(signals_);
  ::close(requests_);
}

int StopSignals::wait() {
  std::array<pollfd, 2> ready{pollfd{.fd = signals_, .events = POLLIN, .revents = 0},
                              pollfd{.fd = requests_, .events = POLLIN, .revents = 0}};
  while (::poll(ready.data(), ready.size(), -1) < 0) WRIT_ASSERT(errno == EINTR, "poll is only ever interrupted");
  int number = 0;
  if ((ready[0].revents & POLLIN) != 0) {
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      number = static_cast<int>(info.ssi_signo);
  }
  const auto set = stop_set();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return number;
}

void StopSignals::request() {
  const std::uint64_t one = 1;
  const auto written = ::write(requests_, &one, sizeof one);
  WRIT_ASSERT(written == static_cast<ssize_t>(sizeof one), "an event counter takes one more");
}

}  // namespace writ::runtime
