#include "http/server.h"

#include <algorithm>
#include <array>
#include <list>
#include <mutex>

#include <linux/filter.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include "async/task_group.h"
#include "core/assert.h"
#include "http/connection.h"

namespace writ::http {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Endpoint = asio::ip::tcp::endpoint;
using ErrorCode = boost::system::error_code;

constexpr int backlog = 1024;             // connections the kernel holds for us; Linux caps it at somaxconn (4096)
constexpr std::size_t leaving_max = 1024;  // evicted connections whose coroutines have not ended yet
constexpr Seconds tell_again{10};         // between log lines that say the same
constexpr Millis accept_pause{50};        // after an accept failed for want of file descriptors
constexpr Millis cancel_patience{2000};   // for handlers, between their cancellation and the closing of sockets
constexpr Millis handshake_time{50};      // for connections that are being made when the address closes
constexpr Millis queue_look{5};           // between looks into the kernel's queue meanwhile
constexpr Millis door_patience{2000};     // for the accept loops, which wait for nobody
constexpr Millis close_patience{500};     // for coroutines, between the closing and the report of who is stuck

// Often enough that a deadline is late by a quarter at the most; seldom enough to cost nothing.
Millis tick_of(const ServerLimits& l) {
  const auto shortest =
      std::min({l.header_timeout, l.body_grace, l.idle_timeout, l.write_stall, l.stream_stall, l.heartbeat});
  return std::clamp(shortest / 4, Millis(2), Millis(250));
}

Error bind_error(const ErrorCode& error, const Endpoint& at) {
  const auto address = fmt::format("{}:{}", at.address().to_string(), at.port());
  if (error == asio::error::address_in_use)
    return conflict(
        "port_taken",
        fmt::format("{} is taken by another process: stop it (`ss -ltnp` shows it), or choose another port with PORT",
                    address));
  if (error == asio::error::access_denied)
    return conflict("port_forbidden", fmt::format("no right to listen on {}: choose a port above 1023", address));
  return invalid("bad_bind", fmt::format("cannot listen on {}: {}", address, error.message()));
}

// Lets the acceptors of the other loops listen on the same port.
ErrorCode share(Acceptor& acceptor) {
  const int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) return {};
  return {errno, boost::system::system_category()};
}

// With SO_REUSEPORT from the start a second process of the same user would share the port silently. So the first acceptor
// takes the port for itself alone, and shares it when it has it.
ErrorCode listen(Acceptor& acceptor, const Endpoint& at, bool is_first) {
  ErrorCode error;
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error && !is_first) error = share(acceptor);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(backlog, error);
  if (!error && is_first) error = share(acceptor);
  return error;
}

// From here on the kernel drops what begins a connection (SYN without ACK), so that its queue can be served to its end: who
// comes now tries again a second later and finds the address closed, instead of a connection that is reset. Where the kernel
// does not know the filter, the queue is served all the same and only the latest newcomers are reset.
void refuse_newcomers(Acceptor& acceptor) {
  constexpr std::uint32_t flags_at = 13, syn = 0x02,
                          syn_ack = 0x12;  // of the TCP header, where the filter begins to read
  std::array<sock_filter, 5> program{{{BPF_LD | BPF_B | BPF_ABS, 0, 0, flags_at},
                                      {BPF_ALU | BPF_AND | BPF_K, 0, 0, syn_ack},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, syn},
                                      {BPF_RET | BPF_K, 0, 0, 0},
                                      {BPF_RET | BPF_K, 0, 0, 0xFFFFFFFF}}};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  (void)::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

std::string name_of(const Socket& socket) {
  ErrorCode error;
  const auto at = socket.remote_endpoint(error);
  return error ? std::string("unknown") : fmt::format("{}:{}", at.address().to_string(), at.port());
}

// Whose share of the connections it takes: an address, or of IPv6 the network that one customer has (/64).
std::string network_of(const Socket& socket) {
  ErrorCode error;
  const auto at = socket.remote_endpoint(error).address();
  if (error) return {};
  if (at.is_v4()) return at.to_string();
  const auto v6 = at.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  const auto bytes = v6.to_bytes();
  return {bytes.begin(), bytes.begin() + 8};
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(async::Loops& loops, std::shared_ptr<ServerCore> core)
      : core_(std::move(core)),
        door_("http-accept", loops.size()),
        work_("http",
              core_->options.limits.connections_max + core_->options.limits.reserve * loops.size() + leaving_max),
        ticks_("http-ticks", loops.size()) {
    const auto& limits = core_->options.limits;
    const auto share = std::max<std::size_t>(limits.peer_connections_max / loops.size(), 1);
    for (std::size_t i = 0; i < loops.size(); ++i)
      places_.push_back(std::make_unique<Place>(loops.at(i), share, std::max<std::size_t>(limits.reserve, 1)));
  }

  Status listen_all();
  Status run();
  Task<void> close_door();
  Task<Status> stop(Millis patience);

  [[nodiscard]] std::size_t running() const { return door_.running() + work_.running() + ticks_.running(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const ServerCore& core() const { return *core_; }
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  // What one loop has.
  struct Place {
    Place(Executor e, std::size_t peer_max, std::size_t reserve)
        : executor(e), acceptor(e), table(std::make_shared<ConnectionTable>(peer_max, reserve)) {}
    Executor executor;
    Acceptor acceptor;
    std::shared_ptr<ConnectionTable> table;  // shared with connections that end after stop() lost patience
    SteadyTime told = SteadyTime::min();  // of accept_failed, which would come twenty times a second
    std::mutex mutex;  // stop() looks from another loop
    std::list<std::weak_ptr<Connection>> connections;
  };

  static Task<void> accept_loop(std::shared_ptr<Impl> self, Place* place);
  static Task<void> tick_loop(std::shared_ptr<Impl> self, Place* place);
  bool make_room(Place& place);
  void welcome(Place& place, Socket socket);
  template <class Action>
  void for_each(Action action);
  std::string who_is_stuck();

  const std::shared_ptr<ServerCore> core_;
  std::vector<std::unique_ptr<Place>> places_;
  async::TaskGroup door_, work_, ticks_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_{false};
};

Status Server::Impl::listen_all() {
  ErrorCode error;
  const auto address = asio::ip::make_address(core_->options.bind, error);
  if (error)
    return fail(
        invalid("bad_bind", "\"" + core_->options.bind + "\" is not an IP address: use 127.0.0.1, 0.0.0.0 or ::"));
  Endpoint at(address, core_->options.port);
  for (auto& place : places_) {
    error = listen(place->acceptor, at, place == places_.front());
    if (error) return fail(bind_error(error, at));
    at.port(place->acceptor.local_endpoint().port());
  }
  port_ = at.port();
  return {};
}

Status Server::Impl::run() {
  for (auto& place : places_) {
    WRIT_CHECK(door_.spawn(place->executor, "accept", accept_loop(shared_from_this(), place.get())));
    WRIT_CHECK(ticks_.spawn(place->executor, "tick", tick_loop(shared_from_this(), place.get())));
  }
  return {};
}

Task<void> Server::Impl::accept_loop(std::shared_ptr<Impl> self, Place* place) {
  auto& acceptor = place->acceptor;
  while (!self->core_->stopping) {
    auto [error, socket] = co_await acceptor.async_accept(async::as_result);
    if (!error) {
      self->welcome(*place, std::move(socket));
    } else if (error != asio::error::operation_aborted) {
      // Without descriptors the queue stays as it is: room is made, and nobody spins.
      const auto now = system_clock().steady();
      const bool freed = self->make_room(*place);
      if (place->told == SteadyTime::min() || now - place->told >= tell_again) {
        place->told = now;
        self->core_->log.warn("accept_failed", {{"why", error.message()}, {"evicted", freed}});
      }
      co_await async::sleep_for(accept_pause, self->ticks_.stopping());
    }
  }
  // Who is in the kernel's queue has been accepted in its own eyes, and who is on the way there soon is: serve them.
  refuse_newcomers(acceptor);
  ErrorCode error;
  acceptor.non_blocking(true, error);
  for (const auto until = system_clock().steady() + handshake_time; !error;) {
    Socket socket(place->executor);
    acceptor.accept(socket, error);
    if (!error) {
      self->welcome(*place, std::move(socket));
    } else if (error == asio::error::would_block && system_clock().steady() < until) {
      error.clear();
      co_await async::sleep_for(queue_look, {});
    }
  }
  acceptor.close(error);
}

// Descriptors are of the whole process: when nobody waits on this loop, somebody on each other one goes. On the place's loop.
bool Server::Impl::make_room(Place& place) {
  if (place.table->evict_one()) return true;
  for (auto& other : places_)
    if (other.get() != &place) asio::post(other->executor, [table = other->table] { table->evict_one(); });
  return false;
}

void Server::Impl::welcome(Place& place, Socket socket) {
  const auto peer = name_of(socket);
  const auto key = network_of(socket);
  const bool is_full = core_->open >= core_->options.limits.connections_max;
  auto connection = std::make_shared<Connection>(std::move(socket), core_, place.table, peer);
  place.table->enter(*connection, key, is_full);
  {
    const std::lock_guard lock(place.mutex);
    place.connections.push_back(connection);
  }
  if (auto spawned = work_.spawn(place.executor, "connection of " + peer, connection->run()); !spawned) {
    place.table->leave(*connection);
    core_->log.failed("connection_refused", spawned.error());
  }
}

Task<void> Server::Impl::tick_loop(std::shared_ptr<Impl> self, Place* place) {
  const auto interval = tick_of(self->core_->options.limits);
  while (co_await async::sleep_for(interval, self->ticks_.stopping())) {
    const auto now = system_clock().steady();
    const std::lock_guard lock(place->mutex);
    place->connections.remove_if([now](const auto& weak) {
      const auto connection = weak.lock();
      if (connection) connection->tick(now);
      return connection == nullptr;
    });
  }
}

template <class Action>
void Server::Impl::for_each(Action action) {
  for (auto& place : places_) {
    const std::lock_guard lock(place->mutex);
    for (const auto& weak : place->connections)
      if (auto connection = weak.lock()) asio::post(place->executor, [connection, action] { action(*connection); });
  }
}

std::string Server::Impl::who_is_stuck() {
  std::string out;
  for (auto& place : places_) {
    const std::lock_guard lock(place->mutex);
    for (const auto& weak : place->connections)
      if (const auto connection = weak.lock(); connection && !connection->doing().empty())
        out += (out.empty() ? "" : ", ") + std::string(connection->doing());
  }
  return out;
}

Task<void> Server::Impl::close_door() {
  const auto self = shared_from_this();
  if (core_->stopping.exchange(true)) co_return;
  for (auto& place : places_) {
    asio::post(place->executor, [self, place = place.get()] {
      ErrorCode ignored;  // the accept loop looks at `stopping` next
      place->acceptor.cancel(ignored);
    });
  }
  // Before the connections are asked to end: a group that stops takes no more of them.
  if (auto closed = co_await door_.stop(door_patience); !closed) core_->log.failed("stop_late", closed.error());
}

Task<Status> Server::Impl::stop(Millis patience) {
  co_await close_door();
  auto ended = co_await work_.stop(patience);
  if (!ended) {
    for_each([](Connection& connection) { connection.cancel(); });
    ended = co_await work_.stop(cancel_patience);
  }
  if (!ended) {
    for_each([](Connection& connection) { connection.close(); });
    ended = co_await work_.stop(close_patience);
  }
  if (auto ticks = co_await ticks_.stop(close_patience); !ticks) core_->log.failed("stop_late", ticks.error());
  stopped_ = true;
  if (!ended) {
    auto error = deadline_exceeded("http");
    error.message = "these operations ignore their cancellation: " + who_is_stuck();
    co_return fail(std::move(error));
  }
  co_return Status{};
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(async::Loops& loops, ServerOptions options, RouteSet routes,
                                              Authenticator& authenticator, observability::Registry& registry,
                                              const observability::Logger& log) {
  auto core = std::make_shared<ServerCore>(std::move(options), std::move(routes), authenticator, registry, log);
  auto impl = std::make_shared<Impl>(loops, std::move(core));
  WRIT_CHECK(impl->listen_all());
  WRIT_CHECK(impl->run());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port(); }
const RouteSet& Server::routes() const { return impl_->core().routes; }
Task<void> Server::close_door() { return impl_->close_door(); }
Task<Status> Server::stop(Millis patience) { return impl_->stop(patience); }
std::size_t Server::running() const { return impl_->running(); }

}  // namespace writ::http
