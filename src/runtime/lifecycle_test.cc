#include "runtime/lifecycle.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace writ::runtime {
namespace {

using Journal = std::vector<std::string>;

Task<Status> note(Journal* journal, std::string what, Status answer) {
  journal->push_back(std::move(what));
  co_return answer;
}
Task<void> until_stopped(Journal* journal, std::string name, std::stop_token stop) {
  const async::Signal never;
  (void)co_await never.wait(SteadyTime::max(), stop);
  journal->push_back(name + " task ended");
}
Task<void> until_released(const async::Signal* gate) { (void)co_await gate->wait(SteadyTime::max(), {}); }
Task<Status> throws() {
  throw std::runtime_error("boom");
  co_return Status{};
}

class LifecycleTest : public testing::Test {
 protected:
  Service service(const std::string& name, Status start = {}, Status flush = {}) {
    Service out;
    out.name = name;
    out.start = [this, name, start](Scope scope) {
      EXPECT_TRUE(scope.tasks.spawn(scope.loops.at(0), "wait", until_stopped(&journal, name, scope.tasks.stopping())));
      return note(&journal, name + " start", start);
    };
    out.drain = [this, name] { journal.push_back(name + " drain"); };
    out.flush = [this, name, flush] { return note(&journal, name + " flush", flush); };
    out.owner = std::shared_ptr<void>(nullptr, [this, name](void*) { journal.push_back(name + " gone"); });
    return out;
  }

  Journal journal;
  std::vector<std::string> lines;
  async::Loops loops{1};
  observability::Logger log{"writ", observability::Level::debug,
                            [this](std::string_view line) { lines.emplace_back(line); }};
};

TEST_F(LifecycleTest, starts_in_order_and_stops_tasks_before_flushing_in_reverse) {
  {
    Lifecycle lifecycle(loops, log);
    lifecycle.add(service("policy"));
    lifecycle.add(service("gateway"));
    ASSERT_TRUE(loops.run(lifecycle.start()));
    lifecycle.drain();
    ASSERT_TRUE(loops.run(lifecycle.stop(Seconds{5})));
  }
  EXPECT_EQ(journal, (Journal{"policy start", "gateway start", "policy drain", "gateway drain", "gateway task ended",
                              "gateway flush", "policy task ended", "policy flush", "gateway gone", "policy gone"}));
}

TEST_F(LifecycleTest, a_service_that_does_not_start_stops_those_before_it) {
  Lifecycle lifecycle(loops, log);
  lifecycle.add(service("policy"));
  lifecycle.add(service("slm", fail(unavailable("no_model", "no such file: set WRIT_SLM_MODELS"))));
  lifecycle.add(service("gateway"));
  const auto started = loops.run(lifecycle.start());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "no_model");
  EXPECT_EQ(started.error().message, "starting slm: no such file: set WRIT_SLM_MODELS");
  EXPECT_EQ(journal,
            (Journal{"policy start", "slm start", "slm task ended", "slm flush", "policy task ended", "policy flush"}));
}

TEST_F(LifecycleTest, every_service_is_flushed_whatever_happens_to_the_others) {
  const async::Signal gate;
  Lifecycle lifecycle(loops, log);
  lifecycle.add(service("policy", {}, fail(unavailable("disk", "disk full"))));
  auto stuck = service("orchestrator");
  stuck.start = [this, &gate](Scope scope) {
    EXPECT_TRUE(scope.tasks.spawn(scope.loops.at(0), "lost run", until_released(&gate)));
    return note(&journal, "orchestrator start", {});
  };
  lifecycle.add(std::move(stuck));
  auto crashing = service("gateway");
  crashing.flush = [] { return throws(); };
  lifecycle.add(std::move(crashing));
  ASSERT_TRUE(loops.run(lifecycle.start()));
  const auto stopped = loops.run(lifecycle.stop(Millis{1}));
  gate.notify();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().message, "stopping gateway: boom");
  EXPECT_EQ(journal.back(), "policy flush");
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_NE(lines[3].find("still at work"), std::string::npos);
  EXPECT_NE(lines[3].find("lost run"), std::string::npos);
  EXPECT_NE(lines[4].find("disk full"), std::string::npos);
}

}  // namespace
}  // namespace writ::runtime
