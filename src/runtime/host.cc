#include "runtime/host.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "observability/line_queue.h"
#include "runtime/loop_watchdog.h"

namespace writ::runtime {
namespace {

/// Where a client on this machine reaches the address: "any address" is not one to connect to.
std::string address_of(std::string bind, std::uint16_t port) {
  if (bind == "0.0.0.0") bind = "127.0.0.1";
  if (bind == "::") bind = "::1";
  return bind.find(':') == std::string::npos ? fmt::format("http://{}:{}", bind, port)
                                             : fmt::format("http://[{}]:{}", bind, port);
}

}  // namespace

Host::Host(HostOptions options, async::Loops& loops, http::Authenticator& authenticator,
           observability::Registry& registry, const observability::Logger& log)
    : options_(std::move(options)),
      loops_(&loops),
      authenticator_(&authenticator),
      registry_(&registry),
      log_(&log),
      identity_{registry.service(), registry.version(), options_.env},
      lifecycle_(loops, log),
      tasks_(registry.service(), loops.size()),
      invoker_(registry),
      lines_dropped_(registry.counter(observability::lines_dropped_info)) {}

Host::~Host() {
  if (const auto left = running(); left != 0)
    end_process(fmt::format("{} tasks did not end, the process ends without them: {}", left, stuck_));
}

// What coroutines are still there. They refer to the services, which are destroyed next.
std::size_t Host::running() const {
  return lifecycle_.running() + tasks_.running() + (server_ ? server_->running() : 0);
}

std::string Host::metrics() const {
  set_healthy(phase_.load(), lifecycle_.services());
  const auto dropped = observability::stderr_lines().dropped();
  auto told = lines_told_.load();
  while (told < dropped && !lines_told_.compare_exchange_weak(told, dropped)) {}
  if (told < dropped) lines_dropped_.add(dropped - told);
  registry_->healthy().set(ready().ready ? 1 : 0);
  std::vector<const observability::Registry*> all{registry_};
  for (const auto& service : lifecycle_.services())
    if (service.registry != nullptr && std::ranges::find(all, service.registry) == all.end())
      all.push_back(service.registry);
  return observability::write_prometheus(all);
}

http::RouteSet Host::routes() {
  http::RouteSet set(options_.exposures);
  for (const auto& service : lifecycle_.services())
    for (const auto& routes : service.routes) set.add(routes);
  set.add(http::ops_routes(invoker_, {.health = [this] { return health_body(identity_); },
                                      .ready = [this] { return ready(); },
                                      .ready_of =
                                          [this](std::string_view name) {
                                            return ready_report_of(name, identity_, phase_.load(),
                                                                   lifecycle_.services());
                                          },
                                      .metrics = [this] { return metrics(); }}));
  return set;
}

Status Host::start() {
  if (auto started = loops_->run(lifecycle_.start()); !started) {
    last_resort_.arm(stop_bound(), "what was started did not end");
    return started;
  }
  auto listening = listen();
  if (!listening) {
    last_resort_.arm(stop_bound(), "what was started did not end");
    if (const auto stopped = loops_->run(shut_down()); !stopped) log_->failed("stop_failed", stopped.error());
    return listening;
  }
  phase_ = Phase::serving;
  log_->info("serving", {{"address", address_}, {"pid", ::getpid()}});
  return {};
}

Status Host::listen() {
  WRIT_CHECK(watch_loops(*loops_, tasks_, *registry_));
  WRIT_TRY(server_, http::Server::start(*loops_, options_.server, routes(), *authenticator_, *registry_, *log_));
  address_ = address_of(options_.server.bind, server_->port());
  if (!options_.run_file) return {};
  WRIT_TRY(auto file, RunFile::take(*options_.run_file, {.pid = ::getpid(), .address = address_}));
  run_file_.emplace(std::move(file));
  return {};
}

// Requests, then background work, then the process's own tasks.
Millis Host::stop_bound() const { return 3 * options_.stop_patience + options_.stop_allowance; }

Status Host::stop() {
  phase_ = Phase::draining;
  last_resort_.arm(options_.stop_grace + stop_bound(), "the stop did not end in its time");
  log_->info("draining", {{"grace_ms", options_.stop_grace}});
  auto stopped = loops_->run(shut_down());
  if (stopped) log_->info("stopped");
  else log_->failed("stop_failed", stopped.error());
  if (!stopped) stuck_ = stopped.error().message;
  return stopped;
}

Task<Status> Host::shut_down() {
  if (phase_ == Phase::draining) co_await async::sleep_for(options_.stop_grace, {});
  run_file_.reset();
  if (server_) co_await server_->close_door();
  lifecycle_.drain();
  Status served;
  if (server_) served = co_await server_->stop(options_.stop_patience);
  auto stopped = co_await lifecycle_.stop(options_.stop_patience);
  auto watched = co_await tasks_.stop(options_.stop_patience);
  // The first is answered; what else went wrong is in the log.
  Status first;
  for (auto* one : {&served, &stopped, &watched}) {
    if (*one) continue;
    if (first) first = std::move(*one);
    else log_->failed("stop_failed", one->error());
  }
  co_return first;
}

Status Host::serve_until(StopSignals& signals) {
  const auto signal = signals.wait();
  log_->info("stop_asked", {{"signal", signal}});
  return stop();
}

}  // namespace writ::runtime
