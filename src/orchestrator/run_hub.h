// RunHub: what happens in runs right now, for those who watch. Nothing here is durable; a watcher that misses something
// reads the store.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
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

/// Thread: any.
class RunHub {
 public:
  explicit RunHub(const Clock& clock) : clock_(clock) {}

  /// One watcher's end. Destroying it ends the subscription.
  class Subscription {
   public:
    /// The next item; nothing when the hub was closed. Errors: unavailable (slow_consumer), deadline, cancelled.
    [[nodiscard]] Task<Result<std::optional<LiveItem>>> next() { return items_->next(); }
    /// True once after items were dropped: read the store.
    [[nodiscard]] bool missed() { return missed_->exchange(false); }

   private:
    friend class RunHub;
    StreamPtr<LiveItem> items_;
    std::shared_ptr<std::atomic<bool>> missed_;  // shared with the hub, which sets it
  };
  /// Begins with the text of the model call under way, if there is one.
  [[nodiscard]] Subscription subscribe(const RunId& run, Context ctx);

  /// A durable event that is committed.
  void publish(const RunId& run, RunEvent event);
  void publish_delta(const RunId& run, std::int64_t step, std::int64_t attempt, std::string_view text);
  /// The run is no longer driven here.
  void forget(const RunId& run);
  /// Ends all subscriptions and refuses new ones.
  void close();

 private:
  struct Watcher {
    async::StreamWriter<LiveItem> items;
    std::shared_ptr<std::atomic<bool>> missed;
    std::optional<SteadyTime> full_since;
  };
  struct Live {
    std::vector<Watcher> watchers;
    std::int64_t last_seq = 0;
    std::int64_t step = 0, attempt = 0;  // of `text`
    std::string text;  // of the model call under way
  };
  void send(Live& live, const LiveItem& item);
  static void drop_gone(std::vector<Watcher>& watchers);

  const Clock& clock_;
  std::mutex mutex_;
  bool closed_ = false;
  std::map<RunId, Live> runs_;
};

}  // namespace writ::orchestrator
