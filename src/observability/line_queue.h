// LineQueue: lines for a descriptor that a thread of its own writes, so that a reader who sleeps holds up nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "observability/metric_info.h"

namespace writ::observability {

inline constexpr MetricInfo lines_dropped_info{
    .name = "log_lines_dropped_total",
    .help = "Log lines that were lost because nobody read them in time or the disk was full."};

/// Bounded: what does not fit is dropped and counted, and the count is told in a line of its own when the reader is back.
class LineQueue {
 public:
  static constexpr std::size_t bytes_max = 1U << 20U;  // a second of a very busy server; then the reader is gone

  /// The descriptor stays open as long as the process. `service` names the line that tells of lost ones.
  explicit LineQueue(int fd, std::string service = "writ", std::size_t max = bytes_max);
  /// Lets the thread go; what it has not written by then is lost. Call flush() before.
  ~LineQueue();
  LineQueue(const LineQueue&) = delete;
  LineQueue& operator=(const LineQueue&) = delete;

  /// Thread: any. Never blocks.
  void push(std::string_view line);
  /// Waits until everything is written, at most so long; false when something is left.
  bool flush(Millis patience);
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the thread, which may hang in a write when the process ends
};

/// The process's own: made at first use and flushed for at most a second at its end.
[[nodiscard]] LineQueue& stderr_lines();
[[nodiscard]] LineQueue& stdout_lines();

}  // namespace writ::observability
