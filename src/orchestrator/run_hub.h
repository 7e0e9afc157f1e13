// RunHub: what happens in runs right now, for those who watch. Nothing here is durable; a watcher that misses something
// reads the store. It holds a run while it is driven here or watched, and nothing of one that has ended and nobody watches.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "async/channel.h"
#include "orchestrator/api/types.h"

namespace writ::orchestrator {

/// Events that a watcher may be behind before it reads the store instead.
inline constexpr std::size_t watch_capacity = 256;
/// A watcher whose channel stays full for so long is closed.
inline constexpr Millis watcher_patience{1000};

/// What a watcher gets: a durable event, or a delta that follows the durable event `after`.
struct LiveItem {
  RunEvent event;
  std::int64_t after = 0;
};

/// Watches at once: each holds a connection and a queue.
struct WatchBounds {
  std::size_t per_principal = 100;
  std::size_t per_tenant = 1000;
};

/// The error that ends a stream when the process stops: the run goes on, and the client after its last event's id.
[[nodiscard]] Error stopping_stream();

/// Thread: any.
class RunHub {
  struct State;

 public:
  explicit RunHub(const Clock& clock, WatchBounds bounds = {});
  ~RunHub();

  /// One watcher's end. Destroying it ends the subscription. It may outlive the hub.
  class Subscription {
   public:
    /// The next item; nothing when the run has ended. Errors: unavailable (stopping, slow_consumer), deadline, cancelled.
    [[nodiscard]] Task<Result<std::optional<LiveItem>>> next() { return items_->next(); }
    /// True once after items were dropped: read the store.
    [[nodiscard]] bool missed() { return missed_->exchange(false); }

   private:
    friend class RunHub;
    std::shared_ptr<void> seat_;  // gives the watcher's place back when the last of it is gone, after items_
    StreamPtr<LiveItem> items_;
    std::shared_ptr<std::atomic<bool>> missed_;  // shared with the hub, which sets it
  };
  /// Begins with the text of the model call under way, if there is one. The context's principal watches.
  /// Errors: quota_exceeded (too_many_watches), unavailable (stopping).
  [[nodiscard]] Result<Subscription> subscribe(const RunId& run, Context ctx);

  /// The run is driven here from now on; `last_seq`: of its newest event.
  void begin(const RunId& run, std::int64_t last_seq);
  /// A durable event that is committed.
  void publish(const RunId& run, RunEvent event);
  void publish_delta(const RunId& run, std::int64_t step, std::int64_t attempt, std::string_view text);
  /// The run is no longer driven here.
  void forget(const RunId& run);
  /// Ends all subscriptions with stopping_stream() and refuses new ones.
  void close();
  /// Runs that something is held of.
  [[nodiscard]] std::size_t held() const;

 private:
  const Clock& clock_;
  const std::shared_ptr<State> state_;  // shared with subscriptions, which may outlive the hub
};

}  // namespace writ::orchestrator
