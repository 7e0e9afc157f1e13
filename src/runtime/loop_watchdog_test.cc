#include "runtime/loop_watchdog.h"

#include <gtest/gtest.h>

#include <latch>

#include <boost/asio/post.hpp>

namespace writ::runtime {
namespace {

Task<void> after(Millis time) { (void)co_await async::sleep_for(time, {}); }
void on(const Executor& loop, Millis time) { asio::co_spawn(loop, after(time), asio::use_future).get(); }

TEST(LoopWatchdog, a_blocked_loop_shows_as_lag) {
  observability::Registry registry("writ", "1", "e");
  async::Loops loops(2);
  async::TaskGroup tasks("watchdog", 2);
  ASSERT_TRUE(watch_loops(loops, tasks, registry, Millis{1}));
  on(loops.at(1), Millis{5});  // its watch has begun
  std::latch free(1);
  asio::post(loops.at(1), [&] { free.wait(); });
  on(loops.at(0), Millis{300});
  free.count_down();
  on(loops.at(1), Millis{5});  // its overdue timer has fired
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
