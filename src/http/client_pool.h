// ClientPool: the connections of one client on one loop, bounded; the waiting are served in order.
#pragma once

#include <deque>
#include <memory>

#include "async/signal.h"
#include "http/client_connection.h"

namespace writ::http {

/// All on its loop. Shared with the leases, which may outlive the client.
class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  ClientPool(Executor on, std::string host, std::string port, const ClientLimits& limits)
      : on_(on), host_(std::move(host)), port_(std::move(port)), limits_(limits) {}

  /// The right to one connection. Destroying it gives the connection back when its answer was read to the end.
  class Lease {
   public:
    explicit Lease(std::shared_ptr<ClientPool> pool) : pool_(std::move(pool)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_) pool_->give_back(std::move(connection));
    }
    [[nodiscard]] Executor executor() const { return pool_->on_; }
    std::shared_ptr<ClientConnection> connection;
    bool pooled = false;  // it served a request before

   private:
    std::shared_ptr<ClientPool> pool_;
  };

  /// A connected lease. Errors: unavailable (queue_full, connect_failed, resolve_failed), deadline, cancelled; all not_sent.
  [[nodiscard]] Task<Result<Lease>> take(Context ctx, bool only_new);

 private:
  Task<Status> wait_for_turn(Context ctx);
  Task<Status> connect(Context ctx, std::shared_ptr<ClientConnection> connection);
  Task<Result<Endpoints>> resolve(Context ctx);
  void give_back(std::shared_ptr<ClientConnection> connection);
  void wake_next();

  const Executor on_;
  const std::string host_, port_;
  const ClientLimits limits_;
  std::deque<std::shared_ptr<ClientConnection>> idle_;
  std::size_t taken_ = 0;
  std::deque<std::shared_ptr<async::Signal>> waiting_;
  Endpoints endpoints_;
  SteadyTime resolved_at_;
};

}  // namespace writ::http
