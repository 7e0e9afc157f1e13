// EventStream: a run's events on their way to one client. When this process stops, the client is told so, and not that the
// run ended.
#pragma once

#include "gateway/api/gateway_port.h"

namespace writ::gateway {

class EventStream final : public Stream<RunEvent> {
 public:
  /// `stopping`: of this process. open() is to be called with context().
  EventStream(const Context& ctx, std::stop_token stopping)
      : client_(ctx.cancel, Tell{end_}), process_(stopping, Tell{end_}), stopping_(std::move(stopping)), ctx_(ctx) {
    ctx_.cancel = end_.get_token();
  }
  /// The client's, but over when the process stops, too.
  [[nodiscard]] Context context() const { return ctx_; }
  void open(StreamPtr<RunEvent> events) { events_ = std::move(events); }

  /// Errors: those of the run's stream; unavailable (stopping).
  Task<Result<std::optional<RunEvent>>> next() override {
    auto item = co_await events_->next();
    if (!item && item.error().kind == ErrorKind::cancelled && stopping_.stop_requested())
      co_return fail(unavailable("stopping",
                                 "the server is stopping; the run goes on: follow it again after the last event's id"));
    co_return item;
  }

 private:
  struct Tell {
    std::stop_source end;
    void operator()() { end.request_stop(); }
  };
  std::stop_source end_;
  std::stop_callback<Tell> client_, process_;
  const std::stop_token stopping_;
  Context ctx_;
  StreamPtr<RunEvent> events_;
};

}  // namespace writ::gateway
