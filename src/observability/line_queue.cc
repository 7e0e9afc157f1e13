#include "observability/line_queue.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "core/bounded_write.h"
#include "core/clock.h"
#include "core/file_descriptor.h"

namespace writ::observability {
namespace {

constexpr Millis look_every{200};    // whether the owner has gone, while a write waits for a reader
constexpr Seconds flush_at_exit{1};  // a process that ends does not wait longer for a reader

}  // namespace

struct LineQueue::State {
  State(int f, std::string s, std::size_t m) : fd(::fcntl(f, F_DUPFD_CLOEXEC, 3)), service(std::move(s)), max(m) {}
  const FileDescriptor fd;  // our own: the thread may outlive the owner, who may close theirs
  const std::string service;
  const std::size_t max;
  mutable std::mutex mutex;
  std::condition_variable filled, emptied;
  std::deque<std::string> lines;
  std::size_t bytes = 0;  // of lines, and of the one that is being written
  std::uint64_t dropped = 0, told = 0;
  bool is_writing = false, has_gone = false;
  bool is_torn = false;  // the last line was cut off in its middle; only the thread uses it

  bool gone() const {
    const std::lock_guard lock(mutex);
    return has_gone;
  }
  bool write_whole(std::string_view line) {
    std::string mended;
    if (is_torn) line = mended = "\n" + std::string(line);
    for (std::size_t at = 0; at < line.size();) {
      const auto written = write_within(fd.get(), line.substr(at), look_every);
      at += written.bytes;
      if (at > 0) is_torn = at < line.size();
      if (at < line.size() && (written.broken || gone())) return false;
    }
    return true;
  }
  static void run(const std::shared_ptr<State>& self);
};

void LineQueue::State::run(const std::shared_ptr<State>& self) {
  auto& s = *self;
  std::unique_lock lock(s.mutex);
  for (;;) {
    s.filled.wait(lock, [&s] { return !s.lines.empty() || s.has_gone; });
    if (s.lines.empty()) return;
    const auto line = std::move(s.lines.front());
    s.lines.pop_front();
    s.is_writing = true;
    lock.unlock();
    bool written = s.write_whole(line);
    lock.lock();
    if (written && s.told != s.dropped) {
      const auto count = s.dropped - s.told;
      lock.unlock();
      written = s.write_whole(
          fmt::format(R"({{"ts":"{}","level":"warn","service":"{}","event":"log_lines_dropped","count":{}}})"
                      "\n",
                      to_rfc3339(system_clock().now()), s.service, count));
      lock.lock();
      if (written) s.told += count;
    } else if (!written) {
      ++s.dropped;
    }
    s.bytes -= line.size();
    s.is_writing = false;
    if (s.lines.empty()) s.emptied.notify_all();
  }
}

LineQueue::LineQueue(int fd, std::string service, std::size_t max)
    : state_(std::make_shared<State>(fd, std::move(service), max)) {
  // Signals are for the threads that were there before: this one may not be the one that a stop interrupts.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([state = state_] {
    pthread_setname_np(pthread_self(), "lines");
    State::run(state);
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LineQueue::~LineQueue() {
  const std::lock_guard lock(state_->mutex);
  state_->has_gone = true;
  state_->filled.notify_all();
}

void LineQueue::push(std::string_view line) {
  const std::lock_guard lock(state_->mutex);
  if (state_->bytes + line.size() > state_->max) {
    ++state_->dropped;
    return;
  }
  state_->bytes += line.size();
  state_->lines.emplace_back(line);
  if (state_->lines.size() == 1) state_->filled.notify_one();
}

bool LineQueue::flush(Millis patience) {
  std::unique_lock lock(state_->mutex);
  return state_->emptied.wait_for(lock, patience, [this] { return state_->lines.empty() && !state_->is_writing; });
}

std::uint64_t LineQueue::dropped() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

// Never destroyed: whoever logs while the process ends finds it there.
LineQueue& stderr_lines() {
  static LineQueue& lines = *new LineQueue(STDERR_FILENO);
  static const int registered = std::atexit([] { (void)lines.flush(flush_at_exit); });
  (void)registered;
  return lines;
}

LineQueue& stdout_lines() {
  static LineQueue& lines = *new LineQueue(STDOUT_FILENO);
  static const int registered = std::atexit([] { (void)lines.flush(flush_at_exit); });
  (void)registered;
  return lines;
}

}  // namespace writ::observability
