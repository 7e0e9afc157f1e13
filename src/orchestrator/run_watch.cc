#include "orchestrator/run_watch.h"

#include <utility>

#include "orchestrator/public_event.h"

namespace writ::orchestrator {
namespace {
constexpr std::int64_t page = 200;  // events of one read
}

Task<Status> RunWatch::catch_up() {
  for (;;) {
    WRIT_CO_TRY(const auto events, co_await store_.events_after(ctx_, ctx_.tenant(), run_, last_, page));
    for (const auto& stored : events) {
      ready_.push_back(public_event(stored.event, stored.erased));
      last_ = stored.event.seq;
      ended_ = ended_ || std::holds_alternative<RunFinished>(stored.event.data);
    }
    if (std::ssize(events) < page) co_return Status{};
  }
}

Task<Result<std::optional<RunEvent>>> RunWatch::next() {
  for (;;) {
    if (!ready_.empty()) {
      auto event = std::move(ready_.front());
      ready_.pop_front();
      co_return std::optional<RunEvent>(std::move(event));
    }
    if (ended_) co_return std::nullopt;
    WRIT_CO_TRY(auto item, co_await live_.next());
    if (!item) {  // the run has ended; perhaps its last events were missed
      if (std::exchange(closed_, true)) co_return std::nullopt;
      WRIT_CO_CHECK(co_await catch_up());
      continue;
    }
    const bool durable = item->event.seq.has_value();
    // Whoever fell behind, or sees a later event first, reads what is stored: nothing is lost and the order holds.
    if (live_.missed() || (durable && *item->event.seq > last_ + 1) || (!durable && item->after > last_))
      WRIT_CO_CHECK(co_await catch_up());
    if (durable) {
      if (*item->event.seq <= last_) continue;
      last_ = *item->event.seq;
      ended_ = item->event.type == "run_finished";
    } else if (item->after < last_) {
      continue;  // its call has an outcome already
    }
    ready_.push_back(std::move(item->event));
  }
}

}  // namespace writ::orchestrator
