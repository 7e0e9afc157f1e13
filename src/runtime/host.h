// Host: one process on one address: starts its services, serves them, and stops them in the order that loses no answer.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "http/server.h"
#include "runtime/last_resort.h"
#include "runtime/lifecycle.h"
#include "runtime/readiness.h"
#include "runtime/run_file.h"
#include "runtime/stop_signals.h"

namespace writ::runtime {

struct HostOptions {
  std::string env = "local";
  http::ServerOptions server{};
  std::vector<http::Exposure::Kind> exposures;  // what outsiders or other services may reach here
  std::optional<std::filesystem::path> run_file;  // in an existing folder; only where `writ ask` may find the process
  Millis stop_grace{};  // serve on, not ready, for so long
  Millis stop_patience = Seconds{10};  // for requests, then again for background work
  Millis stop_allowance = Seconds{15};  // beside all patience, for what destructors join; then the process is ended
};

/// Thread: main. Everything given outlives it.
class Host {
 public:
  /// `registry` is the process's own (service "writ", or that of its one service): name and version are taken from it.
  Host(HostOptions options, async::Loops& loops, http::Authenticator& authenticator, observability::Registry& registry,
       const observability::Logger& log);
  /// stop() was called before when start() was. Work that did not end then would use what is destroyed here: with any left,
  /// the process ends instead (exit_not_stopped).
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Before start(); a service comes after those it asks.
  void add(Service service) { lifecycle_.add(std::move(service)); }
  /// Starts the services, then listens: an address that answers is one that works. Errors: those of the services, of
  /// Server::start() and RunFile::take(); then nothing is left running.
  [[nodiscard]] Status start();
  /// "http://127.0.0.1:8080"; after start().
  [[nodiscard]] const std::string& address() const { return address_; }
  /// Not ready → serve on for the grace time → stop accepting → drain → cancel → flush. Errors: who did not end in time.
  /// A stop that hangs ends the process (exit_not_stopped) when all its patience is over.
  [[nodiscard]] Status stop();
  /// Waits for a signal, then stop().
  [[nodiscard]] Status serve_until(StopSignals& signals);

  /// What /ready says now.
  [[nodiscard]] http::ReadyReport ready() const {
    return ready_report(identity_, phase_.load(), lifecycle_.services());
  }
  /// What /metrics says now: the process's registry and those of its services.
  [[nodiscard]] std::string metrics() const;

 private:
  [[nodiscard]] Status listen();
  [[nodiscard]] Task<Status> shut_down();
  [[nodiscard]] http::RouteSet routes();
  [[nodiscard]] std::size_t running() const;
  [[nodiscard]] Millis stop_bound() const;

  LastResort last_resort_;  // first, so that it is there until all else is destroyed
  const HostOptions options_;
  async::Loops* loops_;
  http::Authenticator* authenticator_;
  observability::Registry* registry_;
  const observability::Logger* log_;
  const Identity identity_;
  std::atomic<Phase> phase_{Phase::starting};
  Lifecycle lifecycle_;
  async::TaskGroup tasks_;
  http::Invoker invoker_;
  observability::Counter lines_dropped_;
  mutable std::atomic<std::uint64_t> lines_told_{0};  // of the dropped ones, how many the counter has
  std::string stuck_;  // what stop() said of work that did not end
  std::unique_ptr<http::Server> server_;
  std::optional<RunFile> run_file_;
  std::string address_;
};

}  // namespace writ::runtime
