#include "runtime/last_resort.h"

#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>

#include "core/bounded_write.h"
#include "observability/line_queue.h"

namespace writ::runtime {
namespace {

constexpr Seconds reader_patience{1};  // for whoever reads stderr

void say(std::string_view what) noexcept {
  (void)write_within(STDERR_FILENO, "writ: ", reader_patience);
  (void)write_within(STDERR_FILENO, what, reader_patience);
  (void)write_within(STDERR_FILENO, "\n", reader_patience);
}

[[noreturn]] void terminated() {
  const auto crash = std::current_exception();
  try {
    if (crash) std::rethrow_exception(crash);
    say("terminated");
  } catch (const std::exception& e) { say(e.what()); } catch (...) {
    say("an exception of unknown type");
  }
  std::abort();
}

}  // namespace

void end_process(std::string_view why) {
  (void)observability::stderr_lines().flush(reader_patience);
  say(why);
  std::_Exit(exit_not_stopped);
}

void say_why_on_terminate() { std::set_terminate(terminated); }

struct LastResort::Watch {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_over = false;
  std::thread thread;
};

LastResort::LastResort() = default;

LastResort::~LastResort() {
  if (!watch_) return;
  {
    const std::lock_guard lock(watch_->mutex);
    watch_->is_over = true;
  }
  watch_->changed.notify_all();
  watch_->thread.join();
}

void LastResort::arm(Millis patience, std::string why) {
  if (watch_) return;
  watch_ = std::make_unique<Watch>();
  watch_->thread = std::thread([watch = watch_.get(), patience, why = std::move(why)] {
    std::unique_lock lock(watch->mutex);
    if (!watch->changed.wait_for(lock, patience, [watch] { return watch->is_over; })) end_process(why);
  });
}

}  // namespace writ::runtime
