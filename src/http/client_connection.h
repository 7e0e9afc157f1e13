// ClientConnection: one connection to a server, and the guard that closes it when its request's time is over.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "core/context.h"
#include "http/client.h"
#include "http/input_buffer.h"

namespace writ::http {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

/// Whether TCP has connected the socket with itself. The system may give a connection the very port it goes to while nobody
/// listens there (a local service that is down); such a connection answers with the request, and keeps the service from
/// getting its port back.
[[nodiscard]] bool is_to_itself(const Socket& socket);

/// All on its loop.
class ClientConnection {
 public:
  explicit ClientConnection(Executor on) : socket(on) {}

  /// Tries the endpoints in order.
  [[nodiscard]] Task<Status> connect(Endpoints endpoints);
  /// Errors carry the outcome: not_sent when no byte left.
  [[nodiscard]] Task<Status> write(std::string_view bytes);
  /// Reads until the head of a final answer is there, or until the whole answer is.
  [[nodiscard]] Task<Status> read_head();
  [[nodiscard]] Task<Status> read_body();
  /// Reads once and parses it. False at the end of the answer.
  [[nodiscard]] Task<Result<bool>> read_some();

  void begin(const ClientLimits& limits, bool unlimited_body);
  [[nodiscard]] ClientResponse head() const;
  /// Moves out what has come of the body.
  [[nodiscard]] std::string take_body() { return std::exchange(parser_->get().body(), {}); }
  /// The answer is whole and the server keeps the connection.
  [[nodiscard]] bool reusable() const;
  [[nodiscard]] bool whole() const { return parser_->is_done(); }
  /// Still open, and the server has sent nothing unasked.
  [[nodiscard]] bool fresh();
  /// How many reads have brought something.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  /// Closes; the operations under way end with this error.
  void abort(Error why);
  void close();

  Socket socket;
  SteadyTime idle_since;

 private:
  using Parser = boost::beast::http::response_parser<boost::beast::http::string_body>;
  Error cut(std::string_view what, const boost::system::error_code& error, Outcome outcome) const;
  Status parse();

  InputBuffer in_;
  std::optional<Parser> parser_;
  std::size_t header_max_ = 0;
  std::uint64_t reads_ = 0;
  std::optional<std::size_t> body_max_;
  std::optional<Error> aborted_;
};

/// Aborts the connection when it is not destroyed in time: nothing came. Made and destroyed on the connection's loop.
class SilenceGuard {
 public:
  SilenceGuard(std::shared_ptr<ClientConnection> connection, Executor on, Millis silence);

 private:
  using Timer =
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
  std::shared_ptr<ClientConnection> connection_;  // the timer's callback holds it weakly
  Timer timer_;
};

/// Aborts the connection at the context's deadline or cancellation. Made and destroyed on the connection's loop.
class ContextGuard {
 public:
  ContextGuard(std::shared_ptr<ClientConnection> connection, Executor on, const Context& ctx);
  ~ContextGuard();
  ContextGuard(const ContextGuard&) = delete;
  ContextGuard& operator=(const ContextGuard&) = delete;

 private:
  using Timer =
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
  struct Armed;
  struct OnStop {
    std::shared_ptr<Armed> armed;
    Executor on;
    void operator()() const;
  };
  std::shared_ptr<Armed> armed_;  // shared with the timer's and the stop's callbacks, which may come late
  Timer timer_;
  std::stop_callback<OnStop> on_stop_;
};

}  // namespace writ::http
