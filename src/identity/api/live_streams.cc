#include "identity/api/live_streams.h"

#include <vector>

namespace writ::identity {

LiveStreams::Entry::Entry(LiveStreams& all, Context ctx)
    : all_(all), ctx_(std::move(ctx)), parent_(ctx_.cancel, Stop{&stop_}) {
  ctx_.cancel = stop_.get_token();
  const std::lock_guard lock(all_.mutex_);
  place_ = all_.entries_.insert(all_.entries_.end(), this);
}

LiveStreams::Entry::~Entry() {
  const std::lock_guard lock(all_.mutex_);
  all_.entries_.erase(place_);
}

Status LiveStreams::Entry::holds() const {
  auto holds = all_.verifier_.holds(ctx_.principal);
  // Stale trust begins nothing new, but what goes on was allowed.
  if (!holds && holds.error().kind != ErrorKind::unauthenticated) return {};
  return holds;
}

void LiveStreams::sweep() {
  std::vector<std::stop_source> over;
  {
    const std::lock_guard lock(mutex_);
    for (const auto* entry : entries_)
      if (!entry->holds()) over.push_back(entry->stop_);
  }
  for (auto& stop : over) stop.request_stop();  // without the lock: it wakes coroutines
}

}  // namespace writ::identity
