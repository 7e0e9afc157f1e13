// Probe: what a database tells its metrics.
#pragma once

#include <chrono>
#include <cstddef>

namespace writ::sql {

/// Thread: called from any thread, never under a lock of the caller; must not block.
class Probe {
 public:
  virtual ~Probe() = default;
  /// One COMMIT of `writes` writes has returned; `took` is the COMMIT alone.
  virtual void committed(std::size_t writes, std::chrono::nanoseconds took) = 0;
  /// Writes that wait for the writer, after every change.
  virtual void queue_depth(std::size_t waiting) = 0;
  /// A checkpoint of the log failed (other than by waiting readers) and will be tried again after the next commit.
  virtual void checkpoint_failed() = 0;
};

}  // namespace writ::sql
