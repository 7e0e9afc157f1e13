#include "http/client_connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <limits>

#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include "http/liveness.h"

namespace writ::http {
namespace {

namespace beast_http = boost::beast::http;
using ErrorCode = boost::system::error_code;

constexpr std::size_t read_chunk = 16 * 1024;  // bytes asked of one read

Error with(Error error, Outcome outcome) {
  error.outcome = outcome;
  return error;
}

}  // namespace

bool is_to_itself(const Socket& socket) {
  ErrorCode ignored;  // a socket that has gone meanwhile is to nobody
  const auto own = socket.local_endpoint(ignored);
  return !ignored && own == socket.remote_endpoint(ignored);
}

Error ClientConnection::cut(std::string_view what, const ErrorCode& error, Outcome outcome) const {
  if (aborted_) return with(*aborted_, outcome);
  return with(unavailable("connection_cut", std::string(what) + ": " + error.message()), outcome);
}

Task<Status> ClientConnection::connect(Endpoints endpoints) {
  ErrorCode error = asio::error::host_not_found;
  for (const auto& endpoint : endpoints) {
    ErrorCode ignored;
    const auto [failed] = co_await socket.async_connect(endpoint, async::as_result);
    if (aborted_) co_return fail(with(*aborted_, Outcome::not_sent));
    error = failed;
    if (!error && is_to_itself(socket)) error = asio::error::connection_refused;
    if (!error) {
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      watch_liveness(socket.native_handle());
      co_return Status{};
    }
    socket.close(ignored);  // at once: a connection to itself keeps the port from its server
  }
  co_return fail(with(unavailable("connect_failed", "cannot connect: " + error.message()), Outcome::not_sent));
}

Task<Status> ClientConnection::write(std::string_view bytes) {
  bool sent = false;
  while (!bytes.empty()) {
    const auto [error, n] =
        co_await socket.async_write_some(asio::buffer(bytes.data(), bytes.size()), async::as_result);
    if (error) co_return fail(cut("sending the request", error, sent ? Outcome::unknown : Outcome::not_sent));
    sent = true;
    bytes.remove_prefix(n);
  }
  co_return Status{};
}

void ClientConnection::begin(const ClientLimits& limits, bool unlimited_body) {
  header_max_ = limits.header_max;
  body_max_ = unlimited_body ? std::nullopt : std::optional(limits.body_max);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(header_max_));
  if (body_max_) parser_->body_limit(*body_max_);
  else parser_->body_limit(boost::none);
}

Status ClientConnection::parse() {
  while (!in_.empty() && !parser_->is_done()) {
    ErrorCode error;
    const auto used = parser_->put(asio::buffer(in_.bytes().data(), in_.bytes().size()), error);
    in_.consume(used);
    if (error == beast_http::error::body_limit || error == beast_http::error::header_limit) {
      Error e;
      e.kind = ErrorKind::too_large;
      e.code = "answer_too_large";
      e.message = "the server's answer is larger than the limit";
      return fail(with(std::move(e), Outcome::unknown));
    }
    if (error && error != beast_http::error::need_more)
      return fail(
          with(unavailable("bad_reply", "the server's answer is not HTTP: " + error.message()), Outcome::unknown));
    if (error || used == 0) return {};
    if (parser_->is_header_done() && !parser_->eager()) return {};
  }
  return {};
}

Task<Result<bool>> ClientConnection::read_some() {
  const auto [error, n] = co_await socket.async_read_some(in_.prepare(read_chunk), async::as_result);
  if (error == asio::error::eof && parser_->need_eof() && parser_->is_header_done()) {
    ErrorCode ended;
    parser_->put_eof(ended);
    if (!ended) co_return false;
  }
  if (error) co_return fail(cut("reading the answer", error, Outcome::unknown));
  ++reads_;
  in_.commit(n);
  WRIT_CO_CHECK(parse());
  co_return !parser_->is_done();
}

Task<Status> ClientConnection::read_head() {
  for (;;) {
    while (!parser_->is_header_done()) WRIT_CO_CHECK(co_await read_some());
    constexpr unsigned final_from = 200;  // 1xx answers announce another
    if (parser_->get().result_int() >= final_from) break;
    const auto unlimited = !body_max_;
    begin({.header_max = header_max_, .body_max = body_max_.value_or(0)}, unlimited);
    WRIT_CO_CHECK(parse());
  }
  parser_->eager(true);
  co_return parse();
}

Task<Status> ClientConnection::read_body() {
  while (!parser_->is_done()) WRIT_CO_CHECK(co_await read_some());
  co_return Status{};
}

ClientResponse ClientConnection::head() const {
  ClientResponse out;
  const auto& message = parser_->get();
  out.status = static_cast<int>(message.result_int());
  for (const auto& field : message)
    out.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  return out;
}

bool ClientConnection::reusable() const {
  return parser_ && parser_->is_done() && parser_->keep_alive() && !parser_->need_eof() && in_.empty() &&
         socket.is_open();
}

bool ClientConnection::fresh() {
  if (!socket.is_open()) return false;
  char byte = 0;
  const auto n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void ClientConnection::abort(Error why) {
  if (!aborted_) aborted_ = std::move(why);
  close();
}

void ClientConnection::close() {
  ErrorCode ignored;  // closed is closed
  socket.close(ignored);
}

SilenceGuard::SilenceGuard(std::shared_ptr<ClientConnection> connection, Executor on, Millis silence)
    : connection_(std::move(connection)), timer_(on) {
  timer_.expires_after(silence);
  // A guard that is destroyed cancels its timer; an expiry that was queued before finds a generation that has passed.
  timer_.async_wait([weak = std::weak_ptr(connection_), read = connection_->reads(), silence](const ErrorCode& error) {
    const auto alive = weak.lock();
    if (error || !alive || alive->reads() != read) return;
    alive->abort(unavailable("stream_cut", "nothing came for " + std::to_string(silence.count()) + " ms"));
  });
}

struct ContextGuard::Armed {
  std::shared_ptr<ClientConnection> connection;  // null once the guard has gone
  void fire(Error why) {
    if (connection) connection->abort(std::move(why));
  }
};

void ContextGuard::OnStop::operator()() const {
  asio::post(on, [armed = armed] { armed->fire(cancelled("http client")); });
}

ContextGuard::ContextGuard(std::shared_ptr<ClientConnection> connection, Executor on, const Context& ctx)
    : armed_(std::make_shared<Armed>(std::move(connection))), timer_(on), on_stop_(ctx.cancel, OnStop{armed_, on}) {
  if (ctx.deadline == SteadyTime::max()) return;
  timer_.expires_at(ctx.deadline);
  timer_.async_wait([armed = armed_](const ErrorCode& error) {
    if (!error) armed->fire(deadline_exceeded("http client"));
  });
}

ContextGuard::~ContextGuard() { armed_->connection.reset(); }

}  // namespace writ::http
