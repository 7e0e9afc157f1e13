// invoke(): the one way into a port method, from this process and from HTTP alike: caller and scope check, deadline,
// metrics, span, and the one catch of a request.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "async/channel.h"
#include "http/operation.h"
#include "observability/metrics.h"
#include "observability/span.h"

namespace writ::http {

struct OperationProbe;  // the metric handles of one operation

/// Counts and traces the operations of one service: `requests_total{operation,outcome}`, `request_seconds{operation}`,
/// `requests_in_flight{operation}`, and the same of its outbound calls as `client_…`. `outcome` is "ok" or the label of
/// an ErrorKind. Thread: any. Outlives everything that refers to it.
class Invoker {
 public:
  enum class Side { server, client };

  explicit Invoker(observability::Registry& registry, observability::SpanSink& spans = observability::null_span_sink());
  ~Invoker();
  Invoker(const Invoker&) = delete;
  Invoker& operator=(const Invoker&) = delete;

  [[nodiscard]] const std::string& service() const;

 private:
  friend class Invocation;
  struct State;
  const OperationProbe& probe(std::string_view operation, Side side);
  std::unique_ptr<State> state_;
};

/// One call of one operation, from its first byte to its answer. Exactly one outcome is counted: end(), or `cancelled`
/// when it is destroyed before.
class Invocation {
 public:
  Invocation(Invoker& invoker, const OperationInfo& info, Trace parent, Invoker::Side side = Invoker::Side::server);
  Invocation(Invocation&&) noexcept;
  Invocation& operator=(Invocation&&) = delete;
  ~Invocation();

  /// Caller, scope and deadline; gives `ctx` this call's deadline and span.
  /// Errors: unauthenticated (no_principal, no_caller), forbidden (missing_scope, caller_not_allowed), deadline (not_sent).
  [[nodiscard]] Status admit(Context& ctx);
  /// Counts the outcome and ends the span. Only the first call counts.
  void end(const Error* error);
  /// The running exception as an `internal` error of unknown outcome. Only inside a catch clause.
  [[nodiscard]] Error crashed() const;
  /// What a method answered: who stops half-way does not know what it did, so deadline, cancelled and internal that say
  /// `refused` become `unknown`.
  [[nodiscard]] static Error of_method(Error error);

  [[nodiscard]] const Trace& trace() const { return trace_; }
  [[nodiscard]] const OperationInfo& operation() const { return *info_; }

 private:
  Invoker* invoker_;  // null when moved from or ended
  const OperationInfo* info_;
  const OperationProbe* probe_;
  Invoker::Side side_;
  std::string parent_span_id_;
  Trace trace_;
  SteadyTime started_;
};

/// A port's stream whose invocation ends when it ends.
template <class T>
class InvokedStream final : public Stream<T> {
 public:
  InvokedStream(Invocation call, StreamPtr<T> inner) : call_(std::move(call)), inner_(std::move(inner)) {}
  Task<Result<std::optional<T>>> next() override {
    Result<std::optional<T>> item;
    try {
      item = co_await inner_->next();
    } catch (...) { item = fail(call_.crashed()); }
    if (!item) item = fail(Invocation::of_method(std::move(item).error()));
    if (!item || !*item) call_.end(item ? nullptr : &item.error());
    co_return item;
  }

 private:
  Invocation call_;  // destroyed after the stream: dropping it counts as cancelled
  StreamPtr<T> inner_;
};

/// As invoke(), for a call that has begun already (the server begins it before it authenticates).
template <class In, class Out, class Object, class Owner>
[[nodiscard]] Task<Result<Out>> perform(Invocation call, Object& object,
                                        Task<Result<Out>> (Owner::*method)(Context, In), Context ctx, In in) {
  Result<Out> out = fail(Error{});
  if (auto admitted = call.admit(ctx); !admitted) {
    out = fail(std::move(admitted).error());
  } else {
    try {
      out = co_await (object.*method)(std::move(ctx), std::move(in));
    } catch (...) { out = fail(call.crashed()); }
    if (!out) out = fail(Invocation::of_method(std::move(out).error()));
  }
  call.end(out ? nullptr : &out.error());
  co_return out;
}

template <class In, class Out, class Object, class Owner>
[[nodiscard]] Task<Result<StreamPtr<Out>>> perform(Invocation call, Object& object,
                                                   Task<Result<StreamPtr<Out>>> (Owner::*method)(Context, In),
                                                   Context ctx, In in) {
  Result<StreamPtr<Out>> out = fail(Error{});
  if (auto admitted = call.admit(ctx); !admitted) {
    out = fail(std::move(admitted).error());
  } else {
    try {
      out = co_await (object.*method)(std::move(ctx), std::move(in));
    } catch (...) { out = fail(call.crashed()); }
    if (!out) out = fail(Invocation::of_method(std::move(out).error()));
  }
  if (out) co_return std::make_unique<InvokedStream<Out>>(std::move(call), *std::move(out));
  call.end(&out.error());
  co_return out;
}

/// Calls the method under the operation's rules. `invoker` is the callee's: it counts at the service that does the work.
/// Errors: those of admit(), the method's own, and `internal` for an exception. Thread: the caller's loop.
template <class In, class Out, class Object, class Owner>
[[nodiscard]] Task<Result<Out>> invoke(Invoker& invoker, const Unary<In, Out>& op, Object& object,
                                       Task<Result<Out>> (Owner::*method)(Context, In), Context ctx, In in) {
  Invocation call(invoker, op.info, ctx.trace);
  return perform(std::move(call), object, method, std::move(ctx), std::move(in));
}

/// The same for a stream: it counts until the stream has ended; dropping the stream counts as `cancelled`.
template <class In, class Out, class Object, class Owner>
[[nodiscard]] Task<Result<StreamPtr<Out>>> invoke(Invoker& invoker, const Streaming<In, Out>& op, Object& object,
                                                  Task<Result<StreamPtr<Out>>> (Owner::*method)(Context, In),
                                                  Context ctx, In in) {
  Invocation call(invoker, op.info, ctx.trace);
  return perform(std::move(call), object, method, std::move(ctx), std::move(in));
}

}  // namespace writ::http
