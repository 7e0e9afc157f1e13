// Server: HTTP/1.1 on every loop, from accept to answer, with a limit on everything a client can do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/loops.h"
#include "http/admission.h"
#include "http/authenticator.h"
#include "http/browser_rules.h"
#include "http/route_set.h"
#include "observability/log.h"
#include "observability/metrics.h"

namespace writ::http {

/// Limits of one server. All are per connection unless they say otherwise.
struct ServerLimits {
  std::size_t header_max = 16 * 1024;      // bytes; tokens of ours are below 4 KiB, browsers' cookies below 8 KiB
  std::size_t headers_max = 128;           // lines; browsers behind two proxies send about 40
  std::size_t connections_max = 4096;      // of the whole server; each costs up to about 40 KiB
  std::size_t peer_connections_max = 1024; // of one address, in equal shares on the loops; a proxy is one address
  std::size_t reserve = 32;                // of each loop, beside: to answer probes when no other place is left
  std::size_t pipeline_max = 32 * 1024;    // bytes read ahead while a request is handled
  Millis header_timeout = Seconds{10};     // from a request's first byte to the end of its head
  Millis reserve_timeout = Seconds{1};     // of a reserve seat, instead of both idle and header timeout
  Millis body_grace = Seconds{5};          // a body may take this long …
  std::size_t body_rate_min = 1024;        // … and one second more for each so many bytes
  Millis idle_timeout = Seconds{60};       // between requests
  Millis write_stall = Seconds{10};        // an answer of which nothing could be sent for so long
  Millis write_grace = Seconds{30};        // an answer may take this long …
  std::size_t write_rate_min = 1024;       // … and one second more for each so many bytes
  Millis stream_stall = Seconds{1};        // the same for streams: a subscriber that does not read is closed
  Seconds peer_gone{30};           // bytes that the peer's machine does not acknowledge for so long
  Millis heartbeat = Seconds{15};  // silence on a stream before a comment is sent; proxies cut at 30 s and more
};

/// Whom the operators' data (metrics) is for: whoever reaches the address, or only this machine.
enum class Operators { anywhere, this_machine };

struct ServerOptions {
  std::string bind = "127.0.0.1";  // an address, not a name
  std::uint16_t port = 0;  // 0: a free one, see Server::port()
  ServerLimits limits{};
  BrowserRules browser{};
  Operators operators = Operators::anywhere;
  Admission* admission = nullptr;  // of public operations; outlives the server; none: everybody is let in
};

class Server {
 public:
  /// Listens on every loop (SO_REUSEPORT) and serves at once. Everything given outlives the server.
  /// Errors: invalid (bad_bind), conflict (port_taken, port_forbidden), each with how to fix it.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(async::Loops& loops, ServerOptions options,
                                                             RouteSet routes, Authenticator& authenticator,
                                                             observability::Registry& registry,
                                                             const observability::Logger& log);
  /// stop() was awaited before, or the loops are stopped.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const RouteSet& routes() const;

  /// Nobody new gets in: serves on for whoever the kernel has queued, and closes the address. Await it on a loop, once.
  [[nodiscard]] Task<void> close_door();
  /// close_door(), if that was not done; finishes requests that were begun within `patience` (answers say
  /// `Connection: close`); then cancels the rest and closes. Await it on a loop, once.
  /// Errors: deadline, naming the operations that did not end after the cancellation.
  [[nodiscard]] Task<Status> stop(Millis patience);
  /// Coroutines that are still there; 0 after a stop that succeeded.
  [[nodiscard]] std::size_t running() const;

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with connections that end after stop() lost patience
};

}  // namespace writ::http
