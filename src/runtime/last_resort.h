// LastResort: ends a process whose stop does not end: without destructors, which may not run under live coroutines.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace writ::runtime {

/// The exit code of a process that gave up waiting for its own work.
inline constexpr int exit_not_stopped = 3;

/// Says why on stderr, writes the log lines that are queued (a second at the most), and ends the process. Runs no destructor.
[[noreturn]] void end_process(std::string_view why);

/// What an exception that nobody catches says before the process ends, without waiting for a reader of stderr.
void say_why_on_terminate();

class LastResort {
 public:
  LastResort();
  /// Disarms: all has ended.
  ~LastResort();
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;

  /// From now on the process has so long to destroy this; then a thread that needs nobody else ends it. The first call counts.
  void arm(Millis patience, std::string why);

 private:
  struct Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace writ::runtime
