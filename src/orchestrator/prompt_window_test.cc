#include "orchestrator/prompt_window.h"

#include <gtest/gtest.h>

#include "core/encoding.h"

namespace writ::orchestrator {
namespace {

json::object message(std::string_view role, std::string content) { return {{"role", role}, {"content", content}}; }
json::array exchange(int n, std::size_t size = 40) {
  return {message("user", std::to_string(n) + std::string(size, 'q')), message("assistant", std::string(size, 'a'))};
}
json::array step(std::size_t result) {
  return {json::object{{"role", "assistant"}, {"content", ""}, {"tool_calls", {{{"id", "call_1"}}}}},
          json::object{{"role", "tool"}, {"content", std::string(result, 'r')}, {"tool_call_id", "call_1"}}};
}
/// A token for every four bytes of the messages and tools.
slm::Count count(const slm::Prompt& prompt, std::int64_t context) {
  const auto bytes = to_text(prompt.messages).size() + (prompt.tools.empty() ? 0 : to_text(prompt.tools).size());
  return {.prompt = Tokens{static_cast<std::int64_t>(bytes / 4)}, .context = Tokens{context}};
}
Conversation conversation(std::vector<json::array> exchanges, std::vector<json::array> steps = {}) {
  Conversation out{.head = {.max_tokens = 100}, .exchanges = std::move(exchanges), .steps = std::move(steps)};
  out.head.messages.push_back(message("system", "Help."));
  out.question = message("user", "What now?");
  return out;
}

struct Windowed {
  bool fits = false;
  slm::Prompt prompt;
  LeftOut left_out;
  int counts = 0;
  std::string refusal;
};
Windowed fit(Conversation c, std::int64_t context) {
  PromptWindow window(std::move(c));
  Windowed out;
  for (;;) {
    ++out.counts;
    const auto next = window.counted(count(window.prompt(), context));
    if (next == PromptWindow::Next::count) continue;
    out.fits = next == PromptWindow::Next::fits;
    if (out.fits) out.prompt = window.prompt();
    if (out.fits) EXPECT_EQ(window.count().prompt, count(out.prompt, context).prompt);
    else out.refusal = window.refusal().message;
    out.left_out = window.left_out();
    return out;
  }
}

TEST(PromptWindow, leaves_a_conversation_that_fits_as_it_is_after_one_count) {
  const auto out = fit(conversation({exchange(1), exchange(2)}, {step(100)}), 2048);
  EXPECT_TRUE(out.fits);
  EXPECT_EQ(out.counts, 1);
  EXPECT_EQ(out.left_out, LeftOut{});
  EXPECT_EQ(out.prompt.messages.size(), 8U);
}

TEST(PromptWindow, leaves_out_the_oldest_exchanges_and_no_more_than_needed) {
  std::vector<json::array> exchanges;
  for (int i = 0; i < 200; ++i) exchanges.push_back(exchange(i));
  const auto out = fit(conversation(exchanges), 2048);
  ASSERT_TRUE(out.fits);
  EXPECT_LE(count(out.prompt, 2048).prompt.value + 100, 2048);
  EXPECT_LE(out.counts, 10);
  EXPECT_GT(out.left_out.exchanges, 100);
  auto more = out.prompt;  // one exchange more does not fit
  for (const auto& m : exchanges[static_cast<std::size_t>(out.left_out.exchanges) - 1]) more.messages.push_back(m);
  EXPECT_GT(count(more, 2048).prompt.value + 100, 2048);
  EXPECT_EQ(text_at(out.prompt.messages.front().as_object(), "role"), "system");
  EXPECT_EQ(text_at(out.prompt.messages.back().as_object(), "content"), "What now?");
  EXPECT_EQ(text_at(out.prompt.messages[1].as_object(), "role"), "user");
}

TEST(PromptWindow, counts_exchanges_that_were_never_read) {
  auto c = conversation({exchange(1)});
  c.forgotten = 30;
  const auto out = fit(std::move(c), 2048);
  EXPECT_EQ(out.left_out.exchanges, 30);
  EXPECT_EQ(out.prompt.messages.size(), 4U);
}

TEST(PromptWindow, shortens_old_results_before_it_leaves_out_a_step) {
  const auto out = fit(conversation({exchange(1)}, {step(6000), step(40), step(40)}), 1024);
  ASSERT_TRUE(out.fits);
  EXPECT_EQ(out.left_out, (LeftOut{.exchanges = 1, .steps = 0, .results = 1}));
}

TEST(PromptWindow, keeps_calls_and_their_results_together_and_the_newest_step) {
  std::vector<json::array> steps;
  for (int i = 0; i < 30; ++i) steps.push_back(step(600));
  const auto out = fit(conversation({}, steps), 1024);
  ASSERT_TRUE(out.fits);
  EXPECT_GT(out.left_out.steps, 0);
  EXPECT_LT(out.left_out.steps, 30);
  bool called = false;
  for (const auto& m : out.prompt.messages) {
    const auto role = text_at(m.as_object(), "role");
    if (role == "tool") EXPECT_TRUE(called);
    called = role == "assistant";
  }
  EXPECT_EQ(text_at(out.prompt.messages.back().as_object(), "role"), "tool");
}

TEST(PromptWindow, shortens_the_newest_result_when_it_alone_is_too_long) {
  const auto out = fit(conversation({}, {step(200'000)}), 2048);
  ASSERT_TRUE(out.fits);
  EXPECT_EQ(out.left_out.results, 1);
  const std::string result(text_at(out.prompt.messages.back().as_object(), "content"));
  EXPECT_TRUE(result.contains("bytes left out")) << result.size();
  EXPECT_GT(result.size(), 4000U) << "no more than needed";
}

TEST(PromptWindow, refuses_a_message_that_is_too_long_and_names_the_limit) {
  auto c = conversation({exchange(1)});
  c.question = message("user", std::string(60'000, 'x'));
  const auto out = fit(std::move(c), 2048);
  EXPECT_FALSE(out.fits);
  EXPECT_TRUE(out.refusal.contains("2048")) << out.refusal;
  EXPECT_TRUE(out.refusal.contains("shorten it")) << out.refusal;
}

TEST(PromptWindow, refuses_tools_that_are_too_long_alone_and_says_so) {
  auto c = conversation({exchange(1)});
  c.head.tools.push_back({{"type", "function"}, {"function", {{"description", std::string(60'000, 'x')}}}});
  const auto out = fit(std::move(c), 2048);
  EXPECT_FALSE(out.fits);
  EXPECT_TRUE(out.refusal.contains("instructions and tools alone")) << out.refusal;
}

TEST(PromptWindow, a_message_that_just_fits_gets_the_room_that_is_left) {
  auto c = conversation({exchange(1)});
  c.question = message("user", std::string(8000 - 200, 'x'));
  const auto out = fit(std::move(c), 2048);
  ASSERT_TRUE(out.fits);
  EXPECT_EQ(out.left_out.exchanges, 1);
}

TEST(PromptWindow, a_smaller_context_leaves_out_more) {
  std::vector<json::array> exchanges;
  for (int i = 0; i < 40; ++i) exchanges.push_back(exchange(i, 200));
  std::int64_t before = 0;
  for (const auto context : {8192, 4096, 2048, 1024, 512}) {
    const auto out = fit(conversation(exchanges), context);
    ASSERT_TRUE(out.fits) << context;
    EXPECT_GE(out.left_out.exchanges, before);
    before = out.left_out.exchanges;
  }
  EXPECT_GT(before, 30);
}

TEST(PromptWindow, shortened_texts_keep_whole_characters) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "日本é";
  for (std::size_t bytes = 20; bytes < 60; ++bytes) {
    const auto out = shortened(text, bytes);
    EXPECT_TRUE(is_utf8(out)) << bytes;
    EXPECT_LT(out.size(), bytes + 60);
  }
  EXPECT_EQ(shortened("short", 20), "short");
}

}  // namespace
}  // namespace writ::orchestrator
