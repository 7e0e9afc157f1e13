#include "http/connection.h"

#include <algorithm>

#include <boost/asio/async_result.hpp>
#include <boost/beast/http/error.hpp>

#include "core/assert.h"
#include "http/access.h"
#include "http/liveness.h"

namespace writ::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr std::size_t head_chunk = 4096, body_chunk = 16 * 1024;  // bytes asked of one read
// A client that has just been answered sends its next request within this; closing before would lose it.
constexpr Millis drain_quiet{200};

constexpr observability::MetricInfo connections_info{
    .name = "http_connections", .help = "Open connections of the server.", .type = observability::MetricType::gauge};
constexpr observability::MetricInfo evicted_info{
    .name = "http_evicted_total", .help = "Waiting connections that were closed because others had no place."};
constexpr observability::MetricInfo refused_info{
    .name = "http_refused_total", .help = "Requests that reached no operation, by error code.", .labels = {{{"code"}}}};

Refusal of_parser(boost::system::error_code error, const ServerLimits& limits) {
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow)
    return header_too_large(limits.header_max);
  return bad_request("not HTTP/1.1: " + error.message());
}

// The five methods that operations have, and what else RFC 9110 and the draft of QUERY name.
bool known_method(std::string_view method) {
  constexpr std::array<std::string_view, 10> known{"GET",    "HEAD",    "POST",  "PUT",     "PATCH",
                                                   "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"};
  return std::ranges::find(known, method) != known.end();
}

class Counted {
 public:
  explicit Counted(observability::Gauge gauge) : gauge_(gauge) { gauge_.add(1); }
  ~Counted() { gauge_.add(-1); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  observability::Gauge gauge_;
};

}  // namespace

ServerCore::ServerCore(ServerOptions o, RouteSet r, Authenticator& a, observability::Registry& registry,
                       const observability::Logger& l)
    : options(std::move(o)),
      routes(std::move(r)),
      authenticator(a),
      log(l),
      connections(registry.gauge(connections_info)),
      evicted(registry.counter(evicted_info)),
      refused(registry.counters(refused_info)) {}

Task<void> Wake::wait() {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
      [this](auto handler) {
        WRIT_ASSERT(!waiter_, "one waiter at a time");
        waiter_ = std::move(handler);
      },
      async::use_task);
}

void Wake::notify() {
  if (auto waiter = std::exchange(waiter_, nullptr)) std::move(waiter)();
}

Connection::Connection(Socket socket, std::shared_ptr<ServerCore> core, std::shared_ptr<ConnectionTable> table,
                       std::string peer)
    : socket_(std::move(socket)), core_(std::move(core)), table_(std::move(table)), peer_(std::move(peer)) {
  core_->open.fetch_add(1);
}

Connection::~Connection() { core_->open.fetch_sub(1); }

Task<void> Connection::run() {
  const auto self = shared_from_this();
  // The metrics may go as soon as the server has seen this task end; a last callback may hold the connection longer.
  const Counted counted(core_->connections);
  boost::system::error_code ignored;  // without it answers are only a little later
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  watch_liveness(socket_.native_handle(), probe_after, core_->options.limits.peer_gone);
  while (co_await serve_one()) {}
  table_->leave(*this);
  close();
  if (reading_) co_await read_done_.wait();
}

void Connection::enter(Phase phase, std::optional<Millis> time) {
  phase_ = phase;
  phase_began_ = system_clock().steady();
  deadline_ = time ? phase_began_ + *time : SteadyTime::max();
}

void Connection::evict() {
  core_->evicted.add();
  close();
}

void Connection::close() {
  boost::system::error_code ignored;  // closed is closed
  socket_.close(ignored);
}

std::string_view Connection::doing() const {
  const auto* operation = operation_.load();
  return operation == nullptr ? std::string_view() : operation->id;
}

void Connection::tick(SteadyTime now) {
  if (phase_ == Phase::streaming && !heartbeat_under_way_ && now - phase_began_ >= core_->options.limits.heartbeat)
    start_heartbeat();
  if (core_->stopping && phase_ == Phase::idle && in_.bytes().empty()) {
    if (!draining_since_) draining_since_ = now;
    if (now - std::max(phase_began_, *draining_since_) >= drain_quiet) return leave();
  }
  if (now < deadline_) return;
  if (phase_ != Phase::head && phase_ != Phase::body) return close();
  deadline_ = SteadyTime::max();
  timed_out_ = true;
  boost::system::error_code ignored;  // the pending read ends either way
  socket_.cancel(ignored);
}

// What has been read or lies in the kernel is a request that came in time, however late this loop gets to it: only a read
// that is still waiting is given up, and on_read() looks once more.
void Connection::leave() {
  is_leaving_ = true;
  boost::system::error_code ignored;  // the pending read ends either way
  socket_.cancel(ignored);
}

bool Connection::has_input() {
  boost::system::error_code error;
  return socket_.available(error) > 0 && !error;
}

void Connection::start_read() {
  if (reading_ || gone_) return;
  reading_ = true;
  socket_.async_read_some(
      in_.prepare(phase_ == Phase::body ? body_chunk : head_chunk),
      [self = shared_from_this()](boost::system::error_code error, std::size_t n) { self->on_read(error, n); });
}

void Connection::on_read(boost::system::error_code error, std::size_t n) {
  reading_ = false;
  if (std::exchange(is_leaving_, false) && error == asio::error::operation_aborted && has_input()) return start_read();
  if (error) {
    gone_ = gone_ || !timed_out_;
    stop_.request_stop();
  } else {
    in_.commit(n);
    // Only to see the client go; pipelined requests wait in the buffer until their turn.
    const bool watching = phase_ == Phase::handling || phase_ == Phase::streaming || phase_ == Phase::writing;
    if (watching && in_.bytes().size() < core_->options.limits.pipeline_max) start_read();
  }
  read_done_.notify();
}

Task<bool> Connection::more() {
  start_read();
  if (reading_) co_await read_done_.wait();
  co_return !gone_ && !timed_out_;
}

Task<std::optional<Refusal>> Connection::read_head() {
  const auto& limits = core_->options.limits;
  table_->wait(*this);
  enter(Phase::idle, is_reserve() ? limits.reserve_timeout : limits.idle_timeout);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits.header_max));
  parser_->body_limit(boost::none);  // the operation's limit is not known yet
  constexpr std::string_view empty_line = "\r\n";
  bool skipped = false;  // RFC 9112 section 2.2: one empty line before a request
  for (;;) {
    if (phase_ == Phase::idle && !skipped && in_.bytes().starts_with(empty_line)) {
      in_.consume(empty_line.size());
      skipped = true;
    }
    if (!in_.bytes().empty()) {
      if (phase_ == Phase::idle) enter(Phase::head, is_reserve() ? limits.reserve_timeout : limits.header_timeout);
      boost::system::error_code error;
      const auto used = parser_->put(asio::buffer(in_.bytes().data(), in_.bytes().size()), error);
      const bool folded = has_folded_line(in_.bytes().substr(0, used));  // the parser takes whole lines
      in_.consume(used);
      if (folded) co_return bad_request("a header stands on one line");
      if (parser_->is_header_done()) co_return std::nullopt;
      if (error && error != beast_http::error::need_more) co_return of_parser(error, limits);
    }
    if (!co_await more()) {
      if (timed_out_) co_return request_timeout();
      co_return std::nullopt;
    }
  }
}

Task<std::optional<Refusal>> Connection::read_body(std::size_t body_max) {
  if (const auto length = parser_->content_length(); length && *length > body_max) co_return body_too_large(body_max);
  constexpr unsigned http_1_1 = 11;  // what came before does not know that answer
  if (!head_.header("Expect").empty() && parser_->get().version() >= http_1_1 && in_.bytes().empty() &&
      !co_await write(continue_line, core_->options.limits.write_stall))
    co_return std::nullopt;
  const auto& limits = core_->options.limits;
  enter(Phase::body, limits.body_grace);
  const auto began = phase_began_;
  parser_->body_limit(body_max);
  parser_->eager(true);
  ChunkRules chunks;
  on_chunk_ = [&chunks](std::uint64_t, std::string_view extension, boost::system::error_code& error) {
    if (!chunks.allow(extension)) error = beast_http::error::bad_chunk_extension;
  };
  parser_->on_chunk_header(on_chunk_);
  std::size_t received = 0;
  for (;;) {
    while (!in_.bytes().empty() && !parser_->is_done()) {
      boost::system::error_code error;
      const auto used = parser_->put(asio::buffer(in_.bytes().data(), in_.bytes().size()), error);
      in_.consume(used);
      received += used;
      if (error == beast_http::error::body_limit) co_return body_too_large(body_max);
      if (error && error != beast_http::error::need_more) co_return of_parser(error, limits);
      if (error || used == 0) break;
    }
    if (parser_->is_done()) co_return std::nullopt;
    if (in_.bytes().size() > ChunkRules::line_max) co_return bad_request("a line of the chunked body is too long");
    deadline_ = began + limits.body_grace + Millis(received * 1000 / std::max<std::size_t>(limits.body_rate_min, 1));
    if (!co_await more()) {
      if (timed_out_) co_return request_timeout();
      co_return std::nullopt;
    }
  }
}

std::optional<Refusal> Connection::take_head() {
  const auto& message = parser_->get();
  header_views_.clear();
  for (const auto& field : message) header_views_.push_back({field.name_string(), field.value()});
  head_ = {message.method_string(), message.target(), peer_, header_views_};
  keep_alive_ = parser_->keep_alive() && !core_->stopping && !is_reserve();
  const auto max = core_->options.limits.headers_max;
  if (header_views_.size() > max) return too_many_headers(max);
  auto addressed = check_framing(head_, message.version());
  if (!addressed) return std::move(addressed).error();
  head_.target = addressed->target;
  host_ = addressed->host;
  return std::nullopt;
}

Task<bool> Connection::serve_one() {
  operation_ = nullptr;
  if (auto refusal = co_await read_head()) co_return co_await reject(*std::move(refusal));
  if (!parser_->is_header_done()) co_return false;
  table_->work(*this);
  if (auto refusal = take_head()) co_return co_await reject(*std::move(refusal));
  auto [headers, problems] = read_call_headers(head_);
  request_id_ = headers.request_id;
  trace_ = headers.trace;
  if (!known_method(head_.method)) co_return co_await refuse(unknown_method(head_.method));
  if (auto refusal = core_->options.browser.check(head_, host_)) co_return co_await refuse(*std::move(refusal));
  auto match = core_->routes.match(head_.method, head_.path());
  if (auto refusal = refuse_by_place(match.route)) co_return co_await refuse(*std::move(refusal));
  if (!match.allow.empty() && is_preflight(head_) && !core_->options.browser.allowed_origin(head_).empty()) {
    if (!parser_->is_done()) keep_alive_ = false;
    co_return co_await reply(preflight_answer(match.allow));
  }
  if (match.route == nullptr) {
    if (!match.allow.empty()) co_return co_await refuse(method_not_allowed(std::move(match.allow)));
    co_return co_await refuse(no_route(head_.path()));
  }
  Invocation call(*match.route->invoker, match.route->info, headers.trace);
  operation_ = &match.route->info;
  trace_ = call.trace();
  if (!problems.empty()) {
    auto error = invalid("bad_header", "a header is malformed", std::move(problems));
    call.end(&error);
    co_return co_await refuse({std::move(error)}, match.route->info.dialect);
  }
  co_return co_await answer(*match.route, std::move(call), std::move(headers), std::move(match.params));
}

// A reserve seat is for probes; operators' data may be for this machine alone.
std::optional<Refusal> Connection::refuse_by_place(const Route* route) const {
  const bool is_ops = route != nullptr && route->info.exposure.kind() == Exposure::Kind::ops;
  if (is_reserve() && !is_ops) return too_many_connections();
  if (is_ops && route->info.audience == Audience::operators && core_->options.operators == Operators::this_machine &&
      !is_of_this_machine())
    return not_for_here();
  return std::nullopt;
}

// Who comes through a proxy on this machine is not of this machine.
bool Connection::is_of_this_machine() const {
  boost::system::error_code error;
  const auto at = socket_.remote_endpoint(error).address();
  if (error || head_.count("Forwarded") + head_.count("X-Forwarded-For") != 0) return false;
  if (at.is_v6() && at.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, at.to_v6()).is_loopback();
  return at.is_loopback();
}

Context Connection::context_for(const Route& route, const CallHeaders& headers) {
  Context ctx;
  stop_ = std::stop_source();
  ctx.cancel = stop_.get_token();
  ctx.trace = headers.trace;
  ctx.idempotency_key = headers.idempotency_key;
  const auto time = std::min(headers.timeout.value_or(route.info.deadline), route.info.deadline);
  ctx.deadline = system_clock().steady() + time;
  return ctx;
}

// Whether there is room for the request: first, before its body is read, for itself and the length that it states; of a
// chunked body, for one byte. Then for the rest of what was read.
Status Connection::make_room(const Route& route, const Principal& principal) const {
  auto* admission = core_->options.admission;
  const bool is_rated =
      route.info.exposure.kind() == Exposure::Kind::public_ && route.info.access.kind() != Access::Kind::open;
  if (admission == nullptr || !is_rated) return {};
  if (!parser_->chunked()) {
    const auto length = parser_->content_length().value_or(0);
    // What is longer than allowed is refused unread, for that reason.
    return admission->admit(principal, {.requests = 1, .bytes = length <= route.info.body_max ? length : 0});
  }
  const auto read = parser_->get().body().size();
  if (!parser_->is_done()) return admission->admit(principal, {.requests = 1, .bytes = 1});
  if (read <= 1) return {};
  return admission->admit(principal, {.bytes = read - 1});
}

Task<bool> Connection::answer(const Route& route, Invocation call, CallHeaders headers, PathValues params) {
  enter(Phase::handling);
  auto ctx = context_for(route, headers);
  const auto dialect = route.info.dialect;
  if (route.info.access.kind() != Access::Kind::open) {
    Result<Authenticated> who = fail(Error{});
    try {
      who = co_await core_->authenticator.authenticate(ctx, head_, route.info);
    } catch (...) { who = fail(call.crashed()); }
    if (!who) {
      call.end(&who.error());
      co_return co_await refuse({std::move(who).error()}, dialect);
    }
    ctx.principal = std::move(who->principal);
    ctx.caller = std::move(who->caller);
    // Before the body is looked at: who may not call learns nothing of what the operation wants.
    if (auto allowed = check_access(route.info, ctx.principal, ctx.caller); !allowed) {
      call.end(&allowed.error());
      co_return co_await refuse({std::move(allowed).error()}, dialect);
    }
    if (auto room = make_room(route, ctx.principal); !room) {
      call.end(&room.error());
      co_return co_await refuse({std::move(room).error()}, dialect);
    }
  }
  if (const auto coding = head_.header("Content-Encoding"); !coding.empty() && !same_name(coding, "identity")) {
    auto refusal = unsupported_encoding(coding);
    call.end(&refusal.error);
    co_return co_await refuse(std::move(refusal), dialect);
  }
  if (!parser_->is_done()) {
    if (auto refusal = co_await read_body(route.info.body_max)) {
      call.end(&refusal->error);
      co_return co_await refuse(*std::move(refusal), dialect);
    }
  }
  if (!parser_->is_done()) co_return false;  // the client went; the invocation counts as cancelled
  if (parser_->chunked()) {
    if (auto room = make_room(route, ctx.principal); !room) {
      call.end(&room.error());
      co_return co_await refuse({std::move(room).error()}, dialect);
    }
  }
  enter(Phase::handling);
  if (in_.bytes().size() < core_->options.limits.pipeline_max) start_read();
  Result<Reply> out = fail(Error{});
  try {
    out = co_await route.run(std::move(call), std::move(ctx),
                             {head_, std::move(params), std::move(parser_->get().body())});
  } catch (const std::exception& e) { out = fail(internal(e.what(), "encoding the answer")); }
  if (!out) co_return co_await refuse({std::move(out).error()}, dialect);
  if (head_.method == "HEAD") out->response.stream.reset();
  if (out->response.stream) co_return co_await stream(*std::move(out));
  co_return co_await reply(std::move(out->response));
}

}  // namespace writ::http
