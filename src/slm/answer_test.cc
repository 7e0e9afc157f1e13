#include "slm/answer.h"

#include <gtest/gtest.h>

#include "async/loops.h"
#include "slm/chat_prompt.h"
#include "slm/model_worker.h"

namespace writ::slm {
namespace {

Task<std::vector<ChatEvent>> read(StreamPtr<ChatEvent> stream, std::optional<Error>* error) {
  std::vector<ChatEvent> events;
  for (;;) {
    auto event = co_await stream->next();
    if (!event) *error = event.error();
    if (!event || !*event) co_return events;
    events.push_back(std::move(**event));
  }
}

class AnswerTest : public testing::Test {
 protected:
  Answer make(llama::AnswerFormat format, Context ctx = {}) {
    auto [writer, made] = async::make_stream<ChatEvent>(stream_capacity(64), ctx);
    stream = std::move(made);
    llama::RenderedChat chat{.answer = format};
    return Answer({.ctx = std::move(ctx),
                   .sequence = {.prompt = {1, 2, 3}},
                   .parser = llama::ToolCallParser(chat),
                   .out = std::move(writer),
                   .arrived = now},
                  probe, system_random());
  }
  bool take(Answer& answer, std::string text, std::optional<llama::FinishReason> finished = {},
            std::int32_t tokens = 1) {
    return answer.take({.id = 1, .text = std::move(text), .tokens = tokens, .finished = finished}, now, WallTime{});
  }
  std::vector<ChatEvent> events() {
    async::Loops loops(1);
    return loops.run(read(std::move(stream), &error));
  }
  observability::Registry registry{"slm", "1", "test"};
  ModelProbe probe{registry, "m"};
  SteadyTime now = system_clock().steady();
  StreamPtr<ChatEvent> stream;
  std::optional<Error> error;
};

TEST_F(AnswerTest, text_comes_in_pieces_and_then_one_end_with_usage) {
  auto answer = make(llama::AnswerFormat::text);
  EXPECT_FALSE(take(answer, "Hel"));
  EXPECT_FALSE(take(answer, "lo"));
  EXPECT_TRUE(take(answer, "!", llama::FinishReason::stop));
  const auto all = events();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].text, "Hel");
  EXPECT_EQ(all[1].usage->completion, Tokens{2});
  EXPECT_FALSE(all[1].finish);
  EXPECT_EQ(all[2].text, "!");
  EXPECT_EQ(all[2].finish, FinishReason::stop);
  EXPECT_EQ(all[2].usage->prompt, Tokens{3});
  EXPECT_EQ(all[2].usage->completion, Tokens{3});
  EXPECT_FALSE(error);
}

TEST_F(AnswerTest, a_tool_call_comes_with_the_end_and_an_id) {
  auto answer = make(llama::AnswerFormat::tagged);
  EXPECT_FALSE(take(answer, "Sure. <tool_call>"));
  EXPECT_FALSE(take(answer, R"({"name":"clock","arguments":{}})"));
  EXPECT_TRUE(take(answer, "</tool_call>", llama::FinishReason::tool_end));
  const auto all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].text, "Sure. ");
  EXPECT_EQ(all[1].text, "");
  EXPECT_EQ(all[1].finish, FinishReason::tool_calls);
  ASSERT_EQ(all[1].tool_calls.size(), 1U);
  EXPECT_TRUE(all[1].tool_calls[0].id.starts_with("call_"));
  EXPECT_EQ(all[1].tool_calls[0].name, "clock");
  EXPECT_EQ(all[1].tool_calls[0].arguments, "{}");
}

TEST_F(AnswerTest, tokens_that_are_not_shown_are_reported) {
  auto answer = make(llama::AnswerFormat::tagged);
  EXPECT_FALSE(take(answer, "<tool_call>"));
  for (int i = 0; i < 15; ++i) EXPECT_FALSE(take(answer, " "));
  EXPECT_TRUE(take(answer, "", llama::FinishReason::length));
  const auto all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].text, "");
  EXPECT_EQ(all[0].usage->completion, Tokens{16});
  EXPECT_EQ(all[1].finish, FinishReason::length);
}

TEST_F(AnswerTest, a_call_that_was_cut_off_is_no_call_and_no_text) {
  auto answer = make(llama::AnswerFormat::tagged);
  EXPECT_TRUE(take(answer, R"(<tool_call>{"name":"clo)", llama::FinishReason::length));
  const auto all = events();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].text, "");
  EXPECT_TRUE(all[0].tool_calls.empty());
  EXPECT_EQ(all[0].finish, FinishReason::length);
}

TEST_F(AnswerTest, what_only_looks_like_a_call_is_text) {
  auto answer = make(llama::AnswerFormat::tagged);
  EXPECT_FALSE(take(answer, "Well: <tool_call>nonsense"));
  EXPECT_TRUE(take(answer, "</tool_call>", llama::FinishReason::stop));
  const auto all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].text + all[1].text, "Well: <tool_call>nonsense</tool_call>");
  EXPECT_EQ(all[1].finish, FinishReason::stop);
}

TEST_F(AnswerTest, an_error_of_the_engine_ends_the_stream_with_it) {
  auto answer = make(llama::AnswerFormat::text);
  EXPECT_TRUE(answer.take({.id = 1, .finished = llama::FinishReason::error, .error = internal("decode failed")}, now,
                          WallTime{}));
  EXPECT_TRUE(events().empty());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::internal);
}

TEST_F(AnswerTest, it_is_given_up_when_its_reader_its_request_or_its_time_has_gone) {
  std::stop_source stop;
  Context ctx;
  ctx.cancel = stop.get_token();
  ctx.deadline = now + Seconds{5};
  auto answer = make(llama::AnswerFormat::text, ctx);
  EXPECT_FALSE(answer.given_up(now));
  EXPECT_EQ(answer.given_up(now + Seconds{5})->kind, ErrorKind::deadline);
  stop.request_stop();
  EXPECT_EQ(answer.given_up(now)->kind, ErrorKind::cancelled);
  auto other = make(llama::AnswerFormat::text);
  EXPECT_FALSE(other.given_up(now));
  stream.reset();
  EXPECT_EQ(other.given_up(now)->kind, ErrorKind::cancelled);
}

TEST(EstimatedWait, grows_with_the_queue_and_stays_within_its_bounds) {
  EXPECT_EQ(estimated_wait(0, 4, 0.1), Seconds{1});
  EXPECT_EQ(estimated_wait(7, 4, 3), Seconds{6});
  EXPECT_EQ(estimated_wait(10'000, 1, 60), Seconds{120});
}

Prompt with_choice(json::value choice) {
  Prompt prompt;
  prompt.tool_choice = std::move(choice);
  return prompt;
}

TEST(ChatRequest, every_tool_choice_of_openai_is_understood) {
  EXPECT_EQ(chat_request(with_choice("auto"))->tool_choice, llama::ToolChoice::automatic);
  EXPECT_EQ(chat_request(with_choice("none"))->tool_choice, llama::ToolChoice::none);
  EXPECT_EQ(chat_request(with_choice("required"))->tool_choice, llama::ToolChoice::required);
  const auto named = chat_request(with_choice({{"type", "function"}, {"function", {{"name", "clock"}}}}));
  ASSERT_TRUE(named);
  EXPECT_EQ(named->tool_choice, llama::ToolChoice::named);
  EXPECT_EQ(named->tool_name, "clock");
}

TEST(ChatRequest, another_tool_choice_is_refused_at_its_pointer) {
  for (const json::value& choice :
       {json::value("any"), json::value(nullptr), json::value(1), json::value({{"type", "function"}}),
        json::value({{"type", "tool"}, {"function", {{"name", "clock"}}}})}) {
    const auto request = chat_request(with_choice(choice));
    ASSERT_FALSE(request) << to_text(choice);
    EXPECT_EQ(request.error().code, "bad_tools");
    EXPECT_EQ(request.error().problems.at(0).pointer, "/tool_choice");
  }
}

}  // namespace
}  // namespace writ::slm
