#include "runtime/host.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "core/scratch_folder.h"
#include "http/client.h"
#include "http/test_server.h"

namespace writ::runtime {
namespace {

/// Every route of these tests is open: nobody may be asked.
class NobodyAsks final : public http::Authenticator {
 public:
  Task<Result<http::Authenticated>> authenticate(Context, const http::RequestHead&,
                                                 const http::OperationInfo&) override {
    ADD_FAILURE() << "open routes need no credentials";
    co_return fail(unauthenticated("no_credentials", "none"));
  }
};

constexpr http::OperationInfo slow_info{.id = "test.slow",
                                        .method = http::Method::get,
                                        .path = "/slow",
                                        .summary = "Answers when it is let.",
                                        .exposure = http::public_door,
                                        .access = http::open};

Task<Result<http::RawResponse>> slow(async::Signal* begun, async::Signal* gate, Context ctx) {
  begun->notify();
  (void)co_await gate->wait(ctx);
  http::RawResponse out;
  out.body = "{}";
  co_return out;
}
Task<void> wait_for(async::Signal* signal) { (void)co_await signal->wait(Context{}.within(Seconds{10})); }

class HostTest : public testing::Test {
 protected:
  HostOptions options() {
    return {.exposures = {http::public_door, http::ops_only},
            .run_file = folder / "run.json",
            .stop_patience = Seconds{10}};
  }
  Service service(Status audit = {}) {
    Service out;
    out.name = "policy";
    out.registry = &policy;
    out.checks = {{"audit", observability::Need::required, [audit] { return audit; }}};
    out.drain = [this] { draining.notify(); };
    auto& routes = out.routes.emplace_back(invoker);
    routes.add_raw(slow_info, [this](Context ctx, http::RawRequest) { return slow(&begun, &gate, std::move(ctx)); });
    return out;
  }
  http::ClientResponse get(const Host& host, std::string target) {
    auto client = http::Client::create(host.address());
    auto answer = loops.run((*client)->send(Context{}.within(Seconds{10}), {.target = std::move(target)}));
    if (answer) return *std::move(answer);
    return {.status = 0, .headers = {}, .body = answer.error().code};
  }

  // Whether somebody new gets in: a socket of its own, since this runs on a loop.
  static int get_status(const Host& host, std::string_view) {
    const auto& at = host.address();
    const http::RawSocket socket(static_cast<std::uint16_t>(std::stoi(at.substr(at.rfind(':') + 1))));
    return socket.connected() ? 1 : 0;
  }

  ScratchFolder scratch;
  const std::filesystem::path& folder = scratch.path();
  async::Loops loops{2};
  NobodyAsks nobody;
  observability::Registry process{"writ", "1.0", "local"}, policy{"policy", "1.0", "local"};
  observability::Logger log{"writ", observability::Level::error};
  http::Invoker invoker{policy};
  async::Signal begun, gate, draining;
};

TEST_F(HostTest, serves_health_readiness_and_merged_metrics_and_can_be_found) {
  Host host(options(), loops, nobody, process, log);
  host.add(service());
  ASSERT_TRUE(host.start());
  EXPECT_EQ(find_running(folder / "run.json"), (RunInfo{.pid = ::getpid(), .address = host.address()}));
  EXPECT_EQ(get(host, "/health").status, 200);
  EXPECT_EQ(
      get(host, "/ready").body,
      R"({"service":"writ","version":"1.0","env":"local","status":"ready","checks":{"policy.audit":{"status":"ok","required":true}}})");
  EXPECT_EQ(get(host, "/ready/policy").status, 200);
  EXPECT_EQ(get(host, "/ready/nobody").status, 404);
  const auto metrics = get(host, "/metrics").body;
  EXPECT_NE(metrics.find(R"(service_healthy{service_name="policy",service_version="1.0",env="local"} 1)"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find(R"(service_healthy{service_name="writ",service_version="1.0",env="local"} 1)"),
            std::string::npos);
  EXPECT_NE(metrics.find("io_loop_lag_seconds_bucket"), std::string::npos);
  ASSERT_TRUE(host.stop());
  EXPECT_EQ(find_running(folder / "run.json"), std::nullopt);
  EXPECT_EQ(get(host, "/health").body, "connect_failed");
}

TEST_F(HostTest, a_failing_required_check_is_503) {
  Host host(options(), loops, nobody, process, log);
  host.add(service(fail(unavailable("disk_full", "no space left"))));
  ASSERT_TRUE(host.start());
  EXPECT_EQ(get(host, "/ready").status, 503);
  EXPECT_EQ(get(host, "/health").status, 200);
  EXPECT_TRUE(host.stop());
}

TEST_F(HostTest, a_stop_serves_on_not_ready_then_closes_its_door_drains_and_lets_a_request_end) {
  auto slow_stop = options();
  slow_stop.stop_grace = Seconds{1};
  Host host(slow_stop, loops, nobody, process, log);
  auto one = service();
  std::atomic<bool> drained{false}, was_open{true};
  one.drain = [&] {
    was_open = get_status(host, "/ready") != 0;
    drained = true;
    draining.notify();
  };
  host.add(std::move(one));
  ASSERT_TRUE(host.start());
  auto answer = std::async(std::launch::async, [&] { return get(host, "/slow").status; });
  loops.run(wait_for(&begun));
  auto stopped = std::async(std::launch::async, [&] { return host.stop(); });
  while (get(host, "/ready").status == 200) std::this_thread::yield();
  EXPECT_EQ(get(host, "/ready").status, 503);  // still served, within the grace time
  EXPECT_FALSE(drained) << "long streams are told after the grace time, not before";
  loops.run(wait_for(&draining));
  EXPECT_FALSE(was_open) << "nobody new is let in any more";
  gate.notify();
  EXPECT_EQ(answer.get(), 200);
  EXPECT_TRUE(stopped.get());
}

// What a coroutine that does not end refers to is never destroyed under it.
Task<void> ignores_its_stop() {
  const async::Signal never;
  for (;;) (void)co_await never.wait(SteadyTime::max(), {});
}

Task<void> holds_up_its_loop() {
  std::this_thread::sleep_for(Seconds{60});
  co_return;
}

TEST_F(HostTest, a_stop_that_leaves_work_behind_ends_the_process_without_destructors) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        auto hasty = options();
        hasty.stop_patience = Millis{100};
        Host host(hasty, loops, nobody, process, log);
        auto stuck = service();
        stuck.start = [](Scope scope) -> Task<Status> {
          co_return scope.tasks.spawn(scope.loops.at(0), "lost run", ignores_its_stop());
        };
        stuck.owner = std::shared_ptr<void>(nullptr, [](void*) { std::fputs("destroyed under live work", stderr); });
        host.add(std::move(stuck));
        if (!host.start()) std::_Exit(1);
        if (host.stop()) std::_Exit(2);
      },
      testing::ExitedWithCode(exit_not_stopped), "1 tasks did not end, the process ends without them: .*lost run");
}

TEST_F(HostTest, a_stop_whose_loop_is_held_up_ends_the_process) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        auto hasty = options();
        hasty.stop_patience = Millis{100};
        hasty.stop_allowance = Millis{200};
        Host host(hasty, loops, nobody, process, log);
        if (!host.start()) std::_Exit(1);
        async::TaskGroup group("test", 1);
        (void)group.spawn(loops.at(0), "held up", holds_up_its_loop());
        (void)host.stop();
      },
      testing::ExitedWithCode(exit_not_stopped), "the stop did not end");
}

TEST_F(HostTest, a_port_that_is_taken_stops_what_was_started) {
  Host first(options(), loops, nobody, process, log);
  first.add(service());
  ASSERT_TRUE(first.start());
  auto same = options();
  same.server.port = static_cast<std::uint16_t>(std::stoi(first.address().substr(first.address().rfind(':') + 1)));
  same.run_file = folder / "other.json";
  Host second(same, loops, nobody, process, log);
  second.add(service());
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "port_taken");
  EXPECT_EQ(get(first, "/ready").status, 200);
  EXPECT_TRUE(first.stop());
}

TEST_F(HostTest, a_second_process_on_the_same_data_stops_what_it_started) {
  Host first(options(), loops, nobody, process, log);
  ASSERT_TRUE(first.start());
  Host second(options(), loops, nobody, process, log);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "already_running");
  EXPECT_TRUE(first.stop());
}

}  // namespace
}  // namespace writ::runtime
