#include "orchestrator/run_hub.h"

#include "orchestrator/public_event.h"

namespace writ::orchestrator {

void RunHub::drop_gone(std::vector<Watcher>& watchers) {
  std::erase_if(watchers, [](Watcher& watcher) {
    if (!watcher.items.consumer_gone().stop_requested()) return false;
    watcher.items.close();
    return true;
  });
}

RunHub::Subscription RunHub::subscribe(const RunId& run, Context ctx) {
  Subscription out;
  auto [writer, stream] = async::make_stream<LiveItem>(watch_capacity, std::move(ctx));
  out.items_ = std::move(stream);
  out.missed_ = std::make_shared<std::atomic<bool>>(false);
  const std::lock_guard lock(mutex_);
  if (closed_) {
    writer.close();
    return out;
  }
  auto& live = runs_[run];
  drop_gone(live.watchers);
  if (!live.text.empty())
    (void)writer.try_push({public_delta(live.step, live.attempt, 0, live.text, clock_.now()),
                           live.last_seq});  // it is empty: there is room
  live.watchers.push_back({std::move(writer), out.missed_, std::nullopt});
  return out;
}

void RunHub::send(Live& live, const LiveItem& item) {
  const auto now = clock_.steady();
  drop_gone(live.watchers);
  std::erase_if(live.watchers, [&](Watcher& watcher) {
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

void RunHub::publish(const RunId& run, RunEvent event) {
  const std::lock_guard lock(mutex_);
  auto& live = runs_[run];
  const auto seq = event.seq.value_or(0);
  live.last_seq = std::max(live.last_seq, seq);
  // Text of the call that this event ends or begins is no longer under way.
  if (event.type == "model_output" || event.type == "step_started" || event.type == "step_restarted") live.text.clear();
  const bool ended = event.type == "run_finished";
  send(live, {std::move(event), seq});
  if (!ended) return;
  for (auto& watcher : live.watchers) watcher.items.close();
  runs_.erase(run);
}

void RunHub::publish_delta(const RunId& run, std::int64_t step, std::int64_t attempt, std::string_view text) {
  const std::lock_guard lock(mutex_);
  auto& live = runs_[run];
  if (live.step != step || live.attempt != attempt) live.text.clear();
  live.step = step;
  live.attempt = attempt;
  const auto offset = live.text.size();
  live.text += text;
  send(live, {public_delta(step, attempt, offset, text, clock_.now()), live.last_seq});
}

void RunHub::forget(const RunId& run) {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(run);
  if (found == runs_.end()) return;
  found->second.text.clear();
  drop_gone(found->second.watchers);
  if (found->second.watchers.empty()) runs_.erase(found);
}

void RunHub::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [run, live] : runs_)
    for (auto& watcher : live.watchers) watcher.items.close();
  runs_.clear();
}

}  // namespace writ::orchestrator
