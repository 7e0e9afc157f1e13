#include "runtime/loop_watchdog.h"

#include <gtest/gtest.h>

#include <latch>

#include "async/task_group.h"

namespace writ::runtime {
namespace {

Task<void> after(Millis time) { (void)co_await async::sleep_for(time, {}); }
Task<void> block(std::latch* free) {
  free->wait();
  co_return;
}
/// Runs a wait on that loop and waits for its end.
void wait_on(async::Loops& loops, std::size_t loop, Millis time) {
  async::TaskGroup group("wait", 1);
  ASSERT_TRUE(group.spawn(loops.at(loop), "after", after(time)));
  ASSERT_TRUE(loops.run(group.stop(Seconds{5})));
}

TEST(LoopWatchdog, a_blocked_loop_shows_as_lag) {
  observability::Registry registry("writ", "1", "e");
  async::Loops loops(2);
  async::TaskGroup tasks("watchdog", 2);
  ASSERT_TRUE(watch_loops(loops, tasks, registry, Millis{1}));
  wait_on(loops, 1, Millis{5});  // its watch has begun
  std::latch free(1);
  async::TaskGroup blockers("block", 1);
  ASSERT_TRUE(blockers.spawn(loops.at(1), "block", block(&free)));
  wait_on(loops, 0, Millis{300});
  free.count_down();
  wait_on(loops, 1, Millis{5});  // its overdue timer has fired
  ASSERT_TRUE(loops.run(tasks.stop(Seconds{5})));
  const observability::Registry* const one = &registry;
  const auto text = observability::write_prometheus({&one, 1});
  const auto count_up_to = [&](const std::string& bound) {
    const auto at = text.find("le=\"" + bound + "\"} ");
    return std::stoul(text.substr(at + bound.size() + 6));
  };
  EXPECT_GT(count_up_to("+Inf"), count_up_to("0.25")) << text;
}

}  // namespace
}  // namespace writ::runtime
