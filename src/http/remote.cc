#include "http/remote.h"

#include <deque>

#include "http/problem.h"
#include "http/request_input.h"
#include "http/sse.h"

namespace writ::http {
namespace {

// Servers of ours send a heartbeat after 15 s of silence: three are missing.
constexpr Seconds stream_silence{45};

bool good(int status) { return status >= 200 && status < 300; }

Error not_understood(const OperationInfo& info, std::string why) {
  auto error = internal(std::string(info.id) + ": " + std::move(why), "remote");
  error.code = "bad_reply";
  error.outcome = Outcome::unknown;
  return error;
}

// The data of each event, as the items of a stream.
class EventItems final : public Stream<json::value> {
 public:
  EventItems(Invocation call, StreamPtr<std::string> bytes) : call_(std::move(call)), bytes_(std::move(bytes)) {}

  Task<Result<std::optional<json::value>>> next() override {
    while (bytes_) {
      if (!events_.empty()) {
        auto event = std::move(events_.front());
        events_.pop_front();
        if (event.event.empty()) {
          auto value = parse_json(event.data);
          if (!value) co_return fail(end(not_understood(call_.operation(), value.error().message)));
          co_return std::optional<json::value>(*std::move(value));
        }
        if (event.event == error_event) co_return fail(end(read_problem(info(ErrorKind::internal).status, event.data)));
        if (event.event == end_event) {
          call_.end(nullptr);
          co_await read_to_end();
          break;
        }
        continue;  // an event of a later version
      }
      auto piece = co_await bytes_->next();
      if (!piece) co_return fail(end(std::move(piece).error()));
      if (!*piece) {
        auto cut = unavailable("stream_cut", "the stream broke off");
        cut.outcome = Outcome::unknown;
        co_return fail(end(std::move(cut)));
      }
      auto events = parser_.feed(**piece);
      if (!events) co_return fail(end(std::move(events).error()));
      for (auto& event : *events) events_.push_back(std::move(event));
    }
    co_return std::optional<json::value>();
  }

 private:
  Error end(Error error) {
    call_.end(&error);
    bytes_.reset();
    return error;
  }
  // The last chunk comes with the end event; having read it, the connection can serve again.
  Task<void> read_to_end() {
    auto rest = co_await bytes_->next();
    bytes_.reset();  // more data or an error: the connection is closed, the stream was whole
  }

  Invocation call_;
  StreamPtr<std::string> bytes_;
  SseParser parser_;
  std::deque<SseEvent> events_;
};

}  // namespace

Error Remote::bad_reply(const OperationInfo& info, const Error& problems) {
  auto why = problems.message;
  for (const auto& p : problems.problems) why += "; " + p.pointer + " " + p.message;
  return not_understood(info, std::move(why));
}

Task<Result<ClientRequest>> Remote::prepare(const OperationInfo& info, Context ctx, json::object in) {
  if (ctx.expired()) {
    auto late = deadline_exceeded(std::string(info.id));
    late.outcome = Outcome::not_sent;
    co_return fail(std::move(late));
  }
  auto output = disassemble(info, std::move(in));
  ClientRequest request{.method = info.method, .target = std::move(output.target), .body = std::move(output.body)};
  if (info.repeat == Repeat::idempotent || info.method == Method::get) request.repeat = Repeat::idempotent;
  if (!ctx.idempotency_key.empty()) request.headers.push_back({"Idempotency-Key", ctx.idempotency_key});
  if (info.access.kind() == Access::Kind::open) co_return request;
  const auto unsent = [](Error error) {
    error.outcome = Outcome::not_sent;
    return error;
  };
  auto token = co_await credentials_->service_token(ctx, callee_);
  if (!token) co_return fail(unsent(std::move(token).error().while_doing("getting a token for " + callee_)));
  request.headers.push_back({"Authorization", "Bearer " + *token});
  if (!ctx.principal.subject.empty()) {
    auto principal = co_await credentials_->principal_token(ctx, callee_);
    if (!principal) co_return fail(unsent(std::move(principal).error().while_doing("getting a principal token")));
    request.headers.push_back({"Writ-Principal", *std::move(principal)});
  }
  co_return request;
}

Task<Result<json::value>> Remote::exchange(const OperationInfo& info, Context ctx, json::object in) {
  Invocation call(*invoker_, info, ctx.trace, Invoker::Side::client);
  ctx.trace = call.trace();
  ctx = ctx.within(info.deadline);
  Result<ClientResponse> response = fail(Error{});
  auto request = co_await prepare(info, ctx, std::move(in));
  if (request) response = co_await client_->send(std::move(ctx), *std::move(request));
  else response = fail(std::move(request).error());
  Result<json::value> out = fail(Error{});
  if (!response) {
    out = fail(std::move(response).error().while_doing(reaching()));
  } else if (!good(response->status)) {
    out = fail(read_problem(response->status, response->body));
  } else if (response->body.empty()) {
    out = json::object();
  } else if (out = parse_json(response->body); !out) {
    out = fail(not_understood(info, out.error().message));
  }
  call.end(out ? nullptr : &out.error());
  co_return out;
}

Task<Result<StreamPtr<json::value>>> Remote::open_items(const OperationInfo& info, Context ctx, json::object in) {
  Invocation call(*invoker_, info, ctx.trace, Invoker::Side::client);
  ctx.trace = call.trace();
  ctx = ctx.within(info.deadline);
  Result<ClientStream> opened = fail(Error{});
  auto request = co_await prepare(info, ctx, std::move(in));
  if (request) {
    request->headers.push_back({"Accept", std::string(sse_type)});
    request->silence = stream_silence;
    opened = co_await client_->open_stream(std::move(ctx), *std::move(request));
  } else {
    opened = fail(std::move(request).error());
  }
  if (opened && opened->stream && is_media_type(opened->response.header("Content-Type"), sse_type))
    co_return std::make_unique<EventItems>(std::move(call), std::move(opened->stream));
  auto error = !opened                         ? std::move(opened).error().while_doing(reaching())
               : good(opened->response.status) ? not_understood(info, "the answer is no event stream")
                                               : read_problem(opened->response.status, opened->response.body);
  call.end(&error);
  co_return fail(std::move(error));
}

}  // namespace writ::http
