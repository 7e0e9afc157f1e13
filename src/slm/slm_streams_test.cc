#include "slm/slm_fixture.h"

namespace writ::slm {
namespace {

using SlmStreamsTest = SlmFixture;

/// Reads two streams as their events come, and notes whose came.
Task<void> note_events(StreamPtr<ChatEvent> stream, char name, std::string* order, async::Signal* done) {
  for (;;) {
    const auto event = co_await stream->next();
    if (!event || !*event) break;
    *order += name;
  }
  done->notify();
}
Task<std::string> read_both(StreamPtr<ChatEvent> a, StreamPtr<ChatEvent> b, async::TaskGroup* tasks) {
  std::string order;
  async::Signal a_done, b_done;
  const auto here = co_await async::this_executor();
  (void)tasks->spawn(here, "a", note_events(std::move(a), 'a', &order, &a_done));
  (void)tasks->spawn(here, "b", note_events(std::move(b), 'b', &order, &b_done));
  (void)co_await a_done.wait(Context{});
  (void)co_await b_done.wait(Context{});
  co_return order;
}

TEST_F(SlmStreamsTest, two_streams_interleave_and_share_decode_calls) {
  must_start();
  const auto first = endless("What is a river?", 200), second = endless("Name a colour.", 200);
  answer(first);
  answer(second);  // from here on the beginnings are cached alike for all
  auto before = decode_calls();
  answer(first);
  answer(second);
  const auto alone = decode_calls() - before;
  before = decode_calls();
  auto a = must_chat(first);
  auto b = must_chat(second);
  const auto order = loops.run(read_both(std::move(a), std::move(b), &tasks));
  const auto together = decode_calls() - before;
  EXPECT_GE(alone, 400U);
  EXPECT_LT(together, alone);
  EXPECT_LT(order.find('b'), order.rfind('a')) << order;
}

TEST_F(SlmStreamsTest, a_dropped_stream_frees_its_slot_within_two_tokens) {
  settings.slots = 1;
  must_start();
  auto stream = must_chat(endless("Count.", 1500));
  ASSERT_TRUE(loops.run(read_one(stream.get())));
  stream.reset();
  const auto at_drop = generated();
  const auto next = answer(endless("Count again.", 3));  // it gets the one slot
  ASSERT_FALSE(next.error) << next.error->message;
  EXPECT_EQ(ended("cancelled"), 1U);
  EXPECT_LE(generated() - 3, at_drop + 2);
}

TEST_F(SlmStreamsTest, a_prompt_whose_client_has_left_is_decoded_no_further_than_a_chunk) {
  settings.slots = 1;
  settings.batch = 64;
  must_start();
  std::string words;
  for (int i = 0; i < 200; ++i) words += " word" + std::to_string(i);  // some 20 chunks
  const auto before = decode_calls();
  must_chat(prompt(words, 16)).reset();
  ASSERT_FALSE(answer(prompt("hi", 1)).error);  // it gets the one slot
  EXPECT_LE(decode_calls() - before, 8U);
  EXPECT_EQ(ended("cancelled"), 1U);
}

TEST_F(SlmStreamsTest, a_cancelled_request_frees_its_slot_and_tells_so) {
  settings.slots = 1;
  must_start();
  std::stop_source stop;
  auto as = ctx;
  as.cancel = stop.get_token();
  const auto asked = endless("Count.", 1500);
  auto stream = chat_with(asked, grant_for(asked), as);
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_TRUE(loops.run(read_one(stream->get())));
  stop.request_stop();
  const auto read = loops.run(read_all(std::move(*stream)));
  ASSERT_TRUE(read.error);
  EXPECT_EQ(read.error->kind, ErrorKind::cancelled);
  EXPECT_FALSE(answer(prompt("hi", 2)).error);
  EXPECT_EQ(ended("cancelled"), 1U);
}

TEST_F(SlmStreamsTest, the_deadline_ends_an_answer) {
  settings.slots = 1;
  must_start();
  (void)answer(prompt("hi", 2));  // the model is loaded
  const auto asked = endless("Count.", 2000);
  auto stream = chat_with(asked, grant_for(asked), ctx.within(Millis{100}));
  ASSERT_TRUE(stream) << stream.error().message;
  const auto read = loops.run(read_all(std::move(*stream)));
  ASSERT_TRUE(read.error);
  EXPECT_EQ(read.error->kind, ErrorKind::deadline);
  EXPECT_FALSE(answer(prompt("hi", 2)).error);
  EXPECT_EQ(ended("deadline") + ended("cancelled"), 1U);  // the reader may have noticed first and gone
}

TEST_F(SlmStreamsTest, a_full_queue_refuses_with_when_to_come_again) {
  settings.slots = 1;
  settings.queue = 1;
  must_start();
  auto at_work = must_chat(endless("Count.", 1500));
  ASSERT_TRUE(loops.run(read_one(at_work.get())));
  auto waiting = must_chat(prompt("hi", 2));
  const auto refused = chat(prompt("ho", 2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(refused.error().code, "queue_full");
  ASSERT_TRUE(refused.error().retry_after);
  EXPECT_GE(*refused.error().retry_after, Seconds{1});
  at_work.reset();
  EXPECT_FALSE(loops.run(read_all(std::move(waiting))).error);
}

TEST_F(SlmStreamsTest, a_stop_ends_every_stream_and_refuses_new_ones) {
  settings.slots = 1;
  must_start();
  auto at_work = must_chat(endless("Count.", 1500));
  ASSERT_TRUE(loops.run(read_one(at_work.get())));
  auto waiting = must_chat(prompt("hi", 2));
  ASSERT_TRUE(loops.run(made->service.flush()));
  EXPECT_EQ(loops.run(read_all(std::move(at_work))).error->code, "stopping");
  EXPECT_EQ(loops.run(read_all(std::move(waiting))).error->code, "stopping");
  EXPECT_EQ(chat(prompt("ho", 2)).error().code, "stopping");
}

}  // namespace
}  // namespace writ::slm
