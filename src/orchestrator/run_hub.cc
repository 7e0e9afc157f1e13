#include "orchestrator/run_hub.h"

#include "orchestrator/public_event.h"

namespace writ::orchestrator {
namespace {

struct Watcher {
  async::StreamWriter<LiveItem> items;
  std::shared_ptr<std::atomic<bool>> missed;
  std::optional<SteadyTime> full_since;
};

struct Live {
  bool driven = false;
  std::vector<Watcher> watchers;
  std::int64_t last_seq = 0;
  std::int64_t step = 0, attempt = 0;  // of `text`
  std::string text;                    // of the model call under way

  void drop_gone() {
    std::erase_if(watchers, [](Watcher& watcher) {
      if (!watcher.items.consumer_gone().stop_requested()) return false;
      watcher.items.close();
      return true;
    });
  }
  void send(const LiveItem& item, SteadyTime now) {
    drop_gone();
    std::erase_if(watchers, [&](Watcher& watcher) {
      auto copy = item;
      if (watcher.items.try_push(std::move(copy))) {
        watcher.full_since.reset();
        return false;
      }
      watcher.missed->store(true);
      if (!watcher.full_since) watcher.full_since = now;
      if (now - *watcher.full_since < watcher_patience) return false;
      watcher.items.close(
          unavailable("slow_consumer", "the stream was not read fast enough: go on from the last event's id"));
      return true;
    });
  }
};

using Who = std::pair<TenantId, Subject>;

}  // namespace

Error stopping_stream() {
  return unavailable("stopping", "the server is stopping; the run goes on: follow it again after the last event's id");
}

struct RunHub::State {
  explicit State(WatchBounds b) : bounds(b) {}
  const WatchBounds bounds;
  mutable std::mutex mutex;
  bool closed = false;
  std::map<RunId, Live> runs;
  std::map<TenantId, std::size_t> of_tenant;
  std::map<Who, std::size_t> of_principal;

  void drop_unused(const RunId& run) {
    const auto found = runs.find(run);
    if (found == runs.end()) return;
    found->second.drop_gone();
    if (!found->second.driven && found->second.watchers.empty()) runs.erase(found);
  }
  Status take_place(const Who& who) {
    const auto count = [](const auto& counts, const auto& key) {
      const auto found = counts.find(key);
      return found == counts.end() ? 0 : found->second;
    };
    if (count(of_principal, who) >= bounds.per_principal || count(of_tenant, who.first) >= bounds.per_tenant) {
      Error error{.kind = ErrorKind::quota_exceeded,
                  .code = "too_many_watches",
                  .message = "too many runs are watched at once: end other streams first"};
      error.retry_after = Seconds{1};
      return fail(std::move(error));
    }
    ++of_principal[who];
    ++of_tenant[who.first];
    return {};
  }
  template <class Counts, class Key>
  static void give_back(Counts& counts, const Key& key) {
    if (const auto found = counts.find(key); found != counts.end() && --found->second == 0) counts.erase(found);
  }
  void leave(const Who& who, const RunId& run) {
    const std::lock_guard lock(mutex);
    give_back(of_principal, who);
    give_back(of_tenant, who.first);
    drop_unused(run);
  }
};

RunHub::RunHub(const Clock& clock, WatchBounds bounds) : clock_(clock), state_(std::make_shared<State>(bounds)) {}
RunHub::~RunHub() = default;

Result<RunHub::Subscription> RunHub::subscribe(const RunId& run, Context ctx) {
  Subscription out;
  const Who who{ctx.tenant(), ctx.principal.subject};
  auto [writer, stream] = async::make_stream<LiveItem>(watch_capacity, std::move(ctx));
  const std::lock_guard lock(state_->mutex);
  if (state_->closed) {
    writer.close();
    return fail(stopping_stream());
  }
  if (auto placed = state_->take_place(who); !placed) {
    writer.close();
    return fail(std::move(placed).error());
  }
  out.seat_ = std::shared_ptr<void>(nullptr, [state = state_, who, run](void*) { state->leave(who, run); });
  out.items_ = std::move(stream);
  out.missed_ = std::make_shared<std::atomic<bool>>(false);
  auto& live = state_->runs[run];
  live.drop_gone();
  if (!live.text.empty())
    (void)writer.try_push({public_delta(live.step, live.attempt, 0, live.text, clock_.now()),
                           live.last_seq});  // it is empty: there is room
  live.watchers.push_back({std::move(writer), out.missed_, std::nullopt});
  return out;
}

void RunHub::begin(const RunId& run, std::int64_t last_seq) {
  const std::lock_guard lock(state_->mutex);
  auto& live = state_->runs[run];
  live.driven = true;
  live.last_seq = std::max(live.last_seq, last_seq);
}

void RunHub::publish(const RunId& run, RunEvent event) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->runs.find(run);
  if (found == state_->runs.end()) return;
  auto& live = found->second;
  const auto seq = event.seq.value_or(0);
  live.last_seq = std::max(live.last_seq, seq);
  // Text of the call that this event ends or begins is no longer under way.
  if (event.type == "model_output" || event.type == "step_started" || event.type == "step_restarted") live.text.clear();
  const bool ended = event.type == "run_finished";
  live.send({std::move(event), seq}, clock_.steady());
  if (!ended) return;
  for (auto& watcher : live.watchers) watcher.items.close();
  state_->runs.erase(found);
}

void RunHub::publish_delta(const RunId& run, std::int64_t step, std::int64_t attempt, std::string_view text) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->runs.find(run);
  if (found == state_->runs.end()) return;
  auto& live = found->second;
  if (live.step != step || live.attempt != attempt) live.text.clear();
  live.step = step;
  live.attempt = attempt;
  const auto offset = live.text.size();
  live.text += text;
  live.send({public_delta(step, attempt, offset, text, clock_.now()), live.last_seq}, clock_.steady());
}

void RunHub::forget(const RunId& run) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->runs.find(run);
  if (found == state_->runs.end()) return;
  found->second.driven = false;
  found->second.text.clear();
  state_->drop_unused(run);
}

void RunHub::close() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  for (auto& [run, live] : state_->runs)
    for (auto& watcher : live.watchers) watcher.items.close(stopping_stream());
  state_->runs.clear();
}

std::size_t RunHub::held() const {
  const std::lock_guard lock(state_->mutex);
  return state_->runs.size();
}

}  // namespace writ::orchestrator
