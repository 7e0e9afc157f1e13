// Connection: one client's socket from accept to close; reads requests in order, runs their routes, writes the answers.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/call_headers.h"
#include "http/connection_table.h"
#include "http/input_buffer.h"
#include "http/request_framing.h"
#include "http/response.h"
#include "http/server.h"

namespace writ::http {

/// What all connections of one server share. Immutable but for the atomics.
struct ServerCore {
  ServerCore(ServerOptions o, RouteSet r, Authenticator& a, observability::Registry& registry,
             const observability::Logger& l);
  const ServerOptions options;
  const RouteSet routes;
  Authenticator& authenticator;
  const observability::Logger& log;
  observability::Gauge connections;
  observability::Counter evicted;
  observability::CounterFamily refused;  // requests that found no operation
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> open{0};
};

/// Wakes one coroutine of the same loop, in place.
class Wake {
 public:
  [[nodiscard]] Task<void> wait();
  void notify();

 private:
  asio::any_completion_handler<void()> waiter_;
};

/// All methods on the connection's loop, except doing().
///
///   idle ──first byte──> head ──> (authenticate) ──> body ──> handling ──> writing ──> idle
///                                                       └─ stream ─> streaming <─> writing
class Connection final : public std::enable_shared_from_this<Connection>, public Seat {
 public:
  /// It has its seat in `table` already.
  Connection(Socket socket, std::shared_ptr<ServerCore> core, std::shared_ptr<ConnectionTable> table, std::string peer);
  ~Connection() override;

  /// Serves until the client, a limit or the server's stop ends it.
  [[nodiscard]] Task<void> run();
  /// Looks at the deadlines; called some times a second.
  void tick(SteadyTime now);
  /// Requests the cancellation of the request at work.
  void cancel() { stop_.request_stop(); }
  /// Closes the socket under whatever is going on.
  void close();
  /// The id of the operation at work, "" between requests. Thread: any.
  [[nodiscard]] std::string_view doing() const;

 private:
  void evict() override;
  enum class Phase { idle, head, body, handling, streaming, writing };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  // Reading (connection.cc).
  Task<bool> serve_one();
  Task<std::optional<Refusal>> read_head();
  Task<std::optional<Refusal>> read_body(std::size_t body_max);
  Task<bool> answer(const Route& route, Invocation call, CallHeaders headers, PathValues params);
  Task<bool> more();
  void leave();
  [[nodiscard]] bool has_input();
  void start_read();
  void on_read(boost::system::error_code error, std::size_t n);
  std::optional<Refusal> take_head();
  std::optional<Refusal> refuse_by_place(const Route* route) const;
  [[nodiscard]] bool is_of_this_machine() const;
  Status make_room(const Route& route, const Principal& principal) const;
  Context context_for(const Route& route, const CallHeaders& headers);
  void enter(Phase phase, std::optional<Millis> time = std::nullopt);

  // Writing (connection_reply.cc).
  Task<bool> refuse(Refusal refusal, Dialect dialect = Dialect::writ);
  Task<bool> reject(Refusal refusal);
  Task<bool> reply(RawResponse response);
  Task<bool> stream(Reply reply);
  Task<bool> stream_items(Reply& reply, bool chunked);
  Task<bool> write(std::string_view bytes, Millis stall);
  Task<void> discard_rest();
  void start_heartbeat();
  HeadOptions head_options(Length length) const;

  Socket socket_;
  const std::shared_ptr<ServerCore>
      core_;  // lives until the last connection has gone, even after a stop without patience
  const std::shared_ptr<ConnectionTable> table_;  // of its loop
  const std::string peer_;

  InputBuffer in_;
  Wake read_done_;
  bool reading_ = false;  // a read is under way
  bool gone_ = false;  // the client has closed, or the socket is broken
  bool is_leaving_ = false;  // the server stops, and nothing was asked for a while
  bool timed_out_ = false;  // a deadline of reading has passed

  Phase phase_ = Phase::idle;
  SteadyTime deadline_ = SteadyTime::max();  // of the phase
  SteadyTime phase_began_;
  std::optional<SteadyTime> draining_since_;  // when this connection learnt that the server stops

  std::optional<Parser> parser_;
  std::function<void(std::uint64_t, boost::beast::string_view, boost::system::error_code&)> on_chunk_;  // by parser_
  std::vector<HeaderView> header_views_;
  RequestHead head_;
  std::string_view host_;  // of head_, without scheme
  bool keep_alive_ = true;
  std::string request_id_;
  Trace trace_;
  std::stop_source stop_{std::nostopstate};  // of the request at work
  std::atomic<const OperationInfo*> operation_{nullptr};

  std::string out_;
  std::string heartbeat_;  // framed, empty for none
  bool heartbeat_under_way_ = false;
  Wake heartbeat_done_;
};

}  // namespace writ::http
