// StopSignals: SIGTERM and SIGINT as something the main thread waits for.
#pragma once

namespace writ::runtime {

/// Make it first in main(), before any thread: it blocks both signals for the threads that follow, and ignores SIGPIPE.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Blocks until a signal or request(), and returns the signal's number, or 0. From then on a further signal ends the
  /// process at once: who asks twice does not want to wait.
  int wait();
  /// Ends wait() as a signal does. Thread: any.
  void request();

 private:
  int signals_, requests_;
};

}  // namespace writ::runtime
