// Routes: what one service serves, one row per operation; made of operations and the object that performs them.
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "http/invoke.h"
#include "http/reply.h"
#include "http/request_input.h"
#include "http/sse.h"

namespace writ::http {

/// JSON Schemas of a route, for OpenAPI; names such as "policy.Evaluate".
struct RouteSchemas {
  std::string request_name, response_name;  // empty for raw routes
  json::object request, response;
};

/// A received request whose body is still text.
struct Received {
  RequestHead head;
  PathValues params;
  std::string body;
};

/// One route. `run` decodes, performs and encodes; the invocation was begun by the server.
struct Route {
  OperationInfo info;
  Shape shape = Shape::unary;
  Invoker* invoker = nullptr;
  std::function<Task<Result<Reply>>(Invocation, Context, Received)> run;
  std::function<RouteSchemas()> schemas;
};

/// Ends the invocation with the error, which is then the answer.
[[nodiscard]] Task<Result<Reply>> refuse(Invocation call, Error error);
[[nodiscard]] Reply json_reply(int status, const json::value& value);
template <class Out>
[[nodiscard]] Reply encoded_reply(int status, const Out& out) {
  std::array<unsigned char, 4096> first;  // most answers' documents, which are text in a moment
  json::monotonic_resource memory(first.data(), first.size());
  return json_reply(status, schema::encode(out, &memory));
}
[[nodiscard]] Task<Result<Reply>> run_raw(std::shared_ptr<const RawHandler> handler, Invocation call, Context ctx,
                                          Received received);
/// "writ::policy::Evaluate" becomes "policy.Evaluate".
[[nodiscard]] std::string schema_name(std::string_view pretty_function);

template <class T>
[[nodiscard]] std::string schema_name_of() {
  return schema_name(__PRETTY_FUNCTION__);
}

/// Each item of a port's stream as one SSE event.
template <class Out>
class EventStream final : public Stream<std::string> {
 public:
  explicit EventStream(StreamPtr<Out> inner) : inner_(std::move(inner)) {}
  Task<Result<std::optional<std::string>>> next() override {
    WRIT_CO_TRY(auto item, co_await inner_->next());
    if (!item) co_return std::optional<std::string>();
    std::optional<std::int64_t> id;
    if constexpr (requires {
                    { item->stream_id() } -> std::convertible_to<std::optional<std::int64_t>>;
                  })
      id = item->stream_id();
    co_return std::optional<std::string>(format_event({}, id, to_text(schema::encode(*item))));
  }

 private:
  StreamPtr<Out> inner_;
};

template <class In, class Out, class Object, class Owner>
Task<Result<Reply>> run_unary(std::shared_ptr<const RequestInput> input, Object* object,
                              Task<Result<Out>> (Owner::*method)(Context, In), Invocation call, Context ctx,
                              Received received) {
  auto in = decode_input<In>(*input, received.head, received.params, received.body);
  if (!in) co_return co_await refuse(std::move(call), std::move(in).error());
  const int status = call.operation().success_status;
  WRIT_CO_TRY(auto out, co_await perform(std::move(call), *object, method, std::move(ctx), *std::move(in)));
  co_return encoded_reply(status, out);
}

template <class In, class Out, class Object, class Owner>
Task<Result<Reply>> run_stream(std::shared_ptr<const RequestInput> input, Object* object,
                               Task<Result<StreamPtr<Out>>> (Owner::*method)(Context, In), Invocation call, Context ctx,
                               Received received) {
  auto in = decode_input<In>(*input, received.head, received.params, received.body);
  if (!in) co_return co_await refuse(std::move(call), std::move(in).error());
  const int status = call.operation().success_status;
  WRIT_CO_TRY(auto out, co_await perform(std::move(call), *object, method, std::move(ctx), *std::move(in)));
  Reply reply;
  reply.framing = Framing::sse;
  reply.response.status = status;
  reply.response.content_type = sse_type;
  reply.response.stream = std::make_unique<EventStream<Out>>(std::move(out));
  reply.response.heartbeat = heartbeat_comment;
  co_return reply;
}

class Routes {
 public:
  /// `invoker` is the service's own: its registry counts the operations.
  explicit Routes(Invoker& invoker) : invoker_(&invoker) {}

  /// `object` outlives the server. The operation is a constant (its info is referred to).
  template <class In, class Out, class Object, class Owner>
  void add(const Unary<In, Out>& op, Object& object, Task<Result<Out>> (Owner::*method)(Context, In)) {
    auto input = make_input<In>(op.info);
    push({op.info, Shape::unary, invoker_,
          [input, object = &object, method](Invocation call, Context ctx, Received received) {
            return run_unary<In, Out, Object, Owner>(input, object, method, std::move(call), std::move(ctx),
                                                     std::move(received));
          },
          &schemas_of<In, Out>});
  }
  template <class In, class Out, class Object, class Owner>
  void add(const Streaming<In, Out>& op, Object& object, Task<Result<StreamPtr<Out>>> (Owner::*method)(Context, In)) {
    auto input = make_input<In>(op.info);
    push({op.info, Shape::stream, invoker_,
          [input, object = &object, method](Invocation call, Context ctx, Received received) {
            return run_stream<In, Out, Object, Owner>(input, object, method, std::move(call), std::move(ctx),
                                                      std::move(received));
          },
          &schemas_of<In, Out>});
  }
  /// A handler that reads and writes bytes itself; all rules of `info` hold for it too.
  void add_raw(const OperationInfo& info, RawHandler handler);

  [[nodiscard]] const std::vector<Route>& all() const { return routes_; }

 private:
  template <class In, class Out>
  static RouteSchemas schemas_of() {
    return {schema_name_of<In>(), schema_name_of<Out>(), schema::describe<In>(), schema::describe<Out>()};
  }
  void push(Route route);

  Invoker* invoker_;
  std::vector<Route> routes_;
};

}  // namespace writ::http
