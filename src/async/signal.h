// Signal: a wake-up from any thread to one waiting coroutine; the base of channels, streams and groups.
#pragma once

#include <memory>

#include "async/task.h"
#include "core/context.h"

namespace writ::async {

enum class Woken { notified, timed_out, cancelled };

/// Remembers one notification, so that notify() before wait() is not lost. One waiter at a time.
class Signal {
 public:
  Signal();
  Signal(Signal&&) noexcept;
  Signal& operator=(Signal&&) noexcept;
  ~Signal();

  /// Thread: any. Never blocks.
  void notify() const;
  /// Waits for a notification, the deadline or the request's cancellation, whichever is first.
  [[nodiscard]] Task<Woken> wait(SteadyTime until, std::stop_token cancel) const;
  [[nodiscard]] Task<Woken> wait(Context ctx) const { return wait(ctx.deadline, ctx.cancel); }

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with stop callbacks and timers that may outlive this object briefly
};

/// Sleeps; false when the stop was requested before the time was over.
[[nodiscard]] Task<bool> sleep_for(Millis duration, std::stop_token cancel);

}  // namespace writ::async
