#include "http/client_pool.h"

#include <algorithm>

#include <boost/asio/ip/tcp.hpp>

namespace writ::http {
namespace {

constexpr Seconds addresses_last{30};  // a service that moves is found again within this

Error not_sent(Error error) {
  error.outcome = Outcome::not_sent;
  return error;
}

Error of(async::Woken woken) {
  return not_sent(woken == async::Woken::timed_out ? deadline_exceeded("http client") : cancelled("http client"));
}

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

// Shared with the resolver's callback: a look-up cannot be stopped, only left behind.
struct Resolution {
  explicit Resolution(Executor on) : resolver(on) {}
  Resolver resolver;
  async::Signal done;
  boost::system::error_code error;
  Endpoints endpoints;
};

}  // namespace

Task<Result<ClientPool::Lease>> ClientPool::take(Context ctx, bool only_new) {
  const auto self = shared_from_this();
  WRIT_CO_CHECK(co_await wait_for_turn(ctx));
  ++taken_;
  Lease lease(self);
  const auto now = system_clock().steady();
  while (!only_new && !idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (now - connection->idle_since > limits_.idle_max || !connection->fresh()) continue;
    lease.connection = std::move(connection);
    lease.pooled = true;
    co_return lease;
  }
  auto connection = std::make_shared<ClientConnection>(on_);
  WRIT_CO_CHECK(co_await connect(std::move(ctx), connection));
  lease.connection = std::move(connection);
  co_return lease;
}

Task<Status> ClientPool::wait_for_turn(Context ctx) {
  while (taken_ >= limits_.connections_max) {
    if (waiting_.size() >= limits_.waiting_max)
      co_return fail(not_sent(unavailable("queue_full", "too many requests wait for a connection to " + host_)));
    const auto turn = std::make_shared<async::Signal>();  // shared with the queue
    waiting_.push_back(turn);
    const auto woken = co_await turn->wait(ctx);
    if (woken == async::Woken::notified) continue;
    if (std::erase(waiting_, turn) == 0) wake_next();  // the wake-up crossed our leaving
    co_return fail(of(woken));
  }
  co_return Status{};
}

Task<Status> ClientPool::connect(Context ctx, std::shared_ptr<ClientConnection> connection) {
  const auto short_ctx = ctx.within(limits_.connect_timeout);
  auto endpoints = co_await resolve(short_ctx);
  Status connected;
  if (endpoints) {
    const ContextGuard guard(connection, on_, short_ctx);
    connected = co_await connection->connect(*std::move(endpoints));
  } else {
    connected = fail(std::move(endpoints).error());
  }
  if (connected) co_return connected;
  endpoints_.clear();  // look again next time
  auto error = std::move(connected).error();
  if (error.kind == ErrorKind::deadline && !ctx.expired())
    error = not_sent(unavailable("connect_failed", "cannot connect in time"));
  error.where = host_ + ":" + port_;  // for the log: whoever is answered with this error learns no inner address
  co_return fail(std::move(error));
}

Task<Result<Endpoints>> ClientPool::resolve(Context ctx) {
  const auto now = system_clock().steady();
  if (!endpoints_.empty() && now - resolved_at_ < addresses_last) co_return endpoints_;
  const auto resolution = std::make_shared<Resolution>(on_);
  resolution->resolver.async_resolve(host_, port_, [resolution](auto error, auto results) {
    resolution->error = error;
    for (const auto& entry : results) resolution->endpoints.push_back(entry.endpoint());
    resolution->done.notify();
  });
  if (const auto woken = co_await resolution->done.wait(ctx); woken != async::Woken::notified)
    co_return fail(of(woken));
  if (resolution->error)
    co_return fail(not_sent(unavailable("resolve_failed", "no address: " + resolution->error.message())));
  endpoints_ = resolution->endpoints;
  resolved_at_ = now;
  co_return endpoints_;
}

void ClientPool::give_back(std::shared_ptr<ClientConnection> connection) {
  --taken_;
  if (connection && connection->reusable()) {
    connection->idle_since = system_clock().steady();
    idle_.push_back(std::move(connection));
  } else if (connection) {
    connection->close();
  }
  wake_next();
}

void ClientPool::wake_next() {
  if (waiting_.empty()) return;
  waiting_.front()->notify();
  waiting_.pop_front();
}

}  // namespace writ::http
