#include <gtest/gtest.h>

#include <thread>

#include "async/blocking_pool.h"
#include "async/channel.h"
#include "async/loops.h"
#include "async/task_group.h"

namespace writ::async {
namespace {

Context soon() { return Context{}.within(Seconds{10}); }

Task<Result<int>> sum_of(StreamPtr<int> stream) {
  int sum = 0;
  for (;;) {
    WRIT_CO_TRY(auto item, co_await stream->next());
    if (!item) co_return sum;
    sum += *item;
  }
}

Task<void> produce(StreamWriter<int> writer, int count, int* sent) {
  for (int i = 1; i <= count; ++i) {
    if (!co_await writer.push(i, soon())) co_return;
    ++*sent;
  }
  writer.close();
}

TEST(Stream, a_slow_channel_carries_every_item_across_loops) {
  Loops loops(2);
  TaskGroup group("test", 4);
  int sent = 0;
  auto [writer, stream] = make_stream<int>(2, soon());
  ASSERT_TRUE(group.spawn(loops.at(1), "producer", produce(std::move(writer), 100, &sent)));
  EXPECT_EQ(loops.run(sum_of(std::move(stream))), Result<int>(5050));
  EXPECT_TRUE(loops.run(group.stop(Seconds{5})));
}

TEST(Stream, dropping_the_consumer_stops_the_producer) {
  Loops loops(2);
  TaskGroup group("test", 4);
  int sent = 0;
  auto [writer, stream] = make_stream<int>(2, soon());
  ASSERT_TRUE(group.spawn(loops.at(1), "producer", produce(std::move(writer), 1'000'000, &sent)));
  stream.reset();
  EXPECT_TRUE(loops.run(group.stop(Seconds{5})));
  EXPECT_LT(sent, 1'000'000);
}

TEST(Stream, a_producer_that_dies_silently_is_an_error_for_the_consumer) {
  Loops loops(1);
  auto [writer, stream] = make_stream<int>(2, soon());
  { auto dying = std::move(writer); }
  const auto sum = loops.run(sum_of(std::move(stream)));
  ASSERT_FALSE(sum);
  EXPECT_EQ(sum.error().kind, ErrorKind::internal);
}

TEST(Signal, cancellation_and_deadline_end_a_wait) {
  Loops loops(1);
  const Signal signal;
  std::stop_source stop;
  std::jthread canceller([&] { stop.request_stop(); });
  EXPECT_EQ(loops.run(signal.wait(SteadyTime::max(), stop.get_token())), Woken::cancelled);
  EXPECT_EQ(loops.run(signal.wait(system_clock().steady(), {})), Woken::timed_out);
  signal.notify();
  EXPECT_EQ(loops.run(signal.wait(system_clock().steady(), {})), Woken::notified);
}

TEST(TaskGroup, refuses_more_than_its_limit_and_names_who_is_stuck) {
  Loops loops(1);
  TaskGroup group("gate", 1);
  Signal gate;
  auto wait_for = [](Signal* g) -> Task<void> { (void)co_await g->wait(SteadyTime::max(), {}); };
  ASSERT_TRUE(group.spawn(loops.at(0), "first", wait_for(&gate)));
  const auto second = group.spawn(loops.at(0), "second", wait_for(&gate));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "group_full");
  const auto stuck = loops.run(group.stop(Millis{1}));
  ASSERT_FALSE(stuck);
  EXPECT_NE(stuck.error().message.find("first"), std::string::npos);
  gate.notify();
  EXPECT_TRUE(loops.run(group.stop(Seconds{5})));
}

TEST(BlockingPool, runs_work_elsewhere_and_refuses_when_expired) {
  Loops loops(1);
  BlockingPool pool("pool", 1, 4);
  const auto here = std::this_thread::get_id();
  auto there = loops.run(pool.run(soon(), [] { return Result<std::thread::id>(std::this_thread::get_id()); }));
  ASSERT_TRUE(there);
  EXPECT_NE(*there, here);
  const auto late = loops.run(pool.run(Context{}.within(Millis{-1}), [] { return Result<int>(1); }));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::deadline);
}

TEST(BlockingPool, answers_at_the_deadline_while_its_thread_is_held_up) {
  Loops loops(1);
  std::promise<void> go;
  std::atomic<bool> ran = false;
  {
    BlockingPool pool("pool", 1, 4);
    const auto held = [go = go.get_future().share()]() -> Result<int> {
      go.wait();
      return 1;
    };
    const auto begun = loops.run(pool.run(Context{}.within(Millis{20}), held));
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().kind, ErrorKind::deadline);
    EXPECT_EQ(begun.error().outcome, Outcome::unknown);
    const auto waiting = loops.run(pool.run(Context{}.within(Millis{20}), [&ran]() -> Result<int> {
      ran = true;
      return 1;
    }));
    ASSERT_FALSE(waiting);
    EXPECT_EQ(waiting.error().kind, ErrorKind::deadline);
    EXPECT_EQ(waiting.error().outcome, Outcome::not_sent);
    go.set_value();
  }
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace writ::async
