#include "slm/slm_fixture.h"

#include <algorithm>

namespace writ::slm {
namespace {

using SlmServiceTest = SlmFixture;

json::value move_tool() {
  return parse_json(
             R"({"type": "function", "function": {"name": "move", "description": "Moves.", "parameters": {"type": "object",
    "properties": {"direction": {"type": "string", "enum": ["north", "south"]}, "steps": {"type": "integer"}},
    "required": ["direction", "steps"], "additionalProperties": false}}})")
      .value();
}

TEST_F(SlmServiceTest, an_answer_is_text_and_then_one_end_with_usage) {
  must_start();
  const auto question = prompt("What is a river?", 8);
  const auto counted = loops.run(client->count(ctx, question));
  ASSERT_TRUE(counted) << counted.error().message;
  const auto read = answer(question);
  ASSERT_FALSE(read.error) << read.error->message;
  ASSERT_FALSE(read.events.empty());
  EXPECT_EQ(std::ranges::count_if(read.events, [](const ChatEvent& e) { return e.finish.has_value(); }), 1);
  ASSERT_TRUE(read.last().finish);
  EXPECT_EQ(read.last().usage->prompt, counted->prompt);
  EXPECT_LE(read.last().usage->completion, Tokens{8});
  EXPECT_EQ(static_cast<std::uint64_t>(read.last().usage->completion.value), generated());
  EXPECT_EQ(counted->context, Tokens{2048});
}

TEST_F(SlmServiceTest, nothing_is_generated_without_a_grant) {
  must_start();
  const auto opened = loops.run(client->chat(ctx, {.prompt = prompt("hi"), .grant = ""}));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::forbidden);
  EXPECT_EQ(opened.error().code, "no_grant");
  EXPECT_EQ(decode_calls(), 0U);
}

TEST_F(SlmServiceTest, a_grant_for_anything_else_is_refused) {
  must_start();
  const auto asked = prompt("hi");
  auto grant = grant_for(asked);
  grant.request_hash = policy::request_hash(schema::encode(prompt("ho")));
  EXPECT_EQ(refusal(asked, grant), "grant_mismatch");
  grant = grant_for(asked);
  grant.resource = "smollm2-135m-tools";
  EXPECT_EQ(refusal(asked, grant), "grant_mismatch");
  grant = grant_for(asked);
  grant.action = policy::Action::tool_call;
  EXPECT_EQ(refusal(asked, grant), "grant_mismatch");
  grant = grant_for(asked);
  grant.tenant = TenantId("other");
  EXPECT_EQ(refusal(asked, grant), "grant_mismatch");
  EXPECT_EQ(decode_calls(), 0U);
}

TEST_F(SlmServiceTest, a_used_an_expired_and_a_foreign_grant_are_refused) {
  must_start();
  const auto asked = prompt("hi", 2);
  const auto grant = grant_for(asked);
  const auto first = chat_with(asked, grant, ctx);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(refusal(asked, grant), "grant_used");
  auto expired = grant_for(asked);
  expired.expires_at = system_clock().now() - Seconds{120};
  EXPECT_EQ(refusal(asked, expired), "grant_expired");
  policy_key = new_key();
  EXPECT_EQ(refusal(asked, grant_for(asked)), "grant_invalid");
}

TEST_F(SlmServiceTest, the_cap_of_the_grant_holds) {
  must_start();
  const auto asked = endless("Count.", 50);
  auto grant = grant_for(asked);
  grant.obligations.max_tokens = Tokens{5};
  auto opened = chat_with(asked, grant, ctx);
  ASSERT_TRUE(opened) << opened.error().message;
  const auto read = loops.run(read_all(std::move(*opened)));
  ASSERT_TRUE(read.last().finish);
  EXPECT_EQ(read.last().finish, FinishReason::length);
  EXPECT_EQ(read.last().usage->completion, Tokens{5});
  EXPECT_EQ(generated(), 5U);
}

TEST_F(SlmServiceTest, an_obligation_that_cannot_be_carried_out_means_no) {
  must_start();
  const auto asked = prompt("hi");
  auto grant = grant_for(asked);
  grant.obligations.redactions = {"email"};
  EXPECT_EQ(refusal(asked, grant), "obligation_unknown");
  grant = grant_for(asked);
  grant.obligations.max_tokens = Tokens{0};
  EXPECT_EQ(refusal(asked, grant), "grant_invalid");
}

TEST_F(SlmServiceTest, only_the_services_that_may_ask_are_heard) {
  must_start();
  SlmClient recall(http::Binding<SlmPort>(invoker, "recall", made->port));
  const auto listed = loops.run(recall.models(ctx, {}));
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, "caller_not_allowed");
}

TEST_F(SlmServiceTest, a_forced_tool_choice_gives_a_call_whose_arguments_match_its_schema) {
  must_start();
  auto asked = prompt("Go three steps north.", 64);
  asked.tools = {move_tool()};
  asked.tool_choice = {{"type", "function"}, {"function", {{"name", "move"}}}};
  const auto read = answer(asked);
  ASSERT_FALSE(read.error) << read.error->message;
  ASSERT_EQ(read.last().finish, FinishReason::tool_calls);
  EXPECT_EQ(read.text, "");
  ASSERT_EQ(read.last().tool_calls.size(), 1U);
  const auto& call = read.last().tool_calls.front();
  EXPECT_EQ(call.name, "move");
  EXPECT_TRUE(call.id.starts_with("call_"));
  const auto arguments = parse_json(call.arguments);
  ASSERT_TRUE(arguments) << call.arguments;
  const auto direction = text_at(arguments->as_object(), "direction");
  EXPECT_TRUE(direction == "north" || direction == "south") << call.arguments;
  EXPECT_TRUE(arguments->as_object().at("steps").is_int64()) << call.arguments;
  EXPECT_EQ(arguments->as_object().size(), 2U);
}

TEST_F(SlmServiceTest, bad_tools_and_messages_are_refused_with_their_pointers) {
  must_start();
  auto asked = prompt("hi");
  asked.tools = {json::object{{"type", "function"}}};
  auto counted = loops.run(client->count(ctx, asked));
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().code, "bad_tools");
  EXPECT_EQ(counted.error().problems.at(0).pointer, "/tools/0");
  asked.tools = {};
  asked.tool_choice = "required";
  EXPECT_EQ(refusal(asked, grant_for(asked)), "bad_tools");
  asked = prompt("hi");
  asked.messages = {json::object{{"role", "stranger"}, {"content", "x"}}};
  counted = loops.run(client->count(ctx, asked));
  EXPECT_EQ(counted.error().code, "bad_messages");
  EXPECT_EQ(counted.error().problems.at(0).pointer, "/messages/0/role");
}

TEST_F(SlmServiceTest, a_prompt_that_does_not_fit_is_refused) {
  settings.context = 256;
  must_start();
  std::string words;
  for (int i = 0; i < 400; ++i) words += "word ";
  const auto asked = prompt(words);
  EXPECT_EQ(refusal(asked, grant_for(asked)), "context_overflow");
  const auto counted = loops.run(client->count(ctx, asked));  // counting is no harm
  ASSERT_TRUE(counted);
  EXPECT_GT(counted->prompt, counted->context);
}

TEST_F(SlmServiceTest, an_answer_ends_where_the_context_does) {
  settings.context = 256;
  must_start();
  const auto read = answer(endless("Count.", 5000));
  ASSERT_FALSE(read.error) << read.error->message;
  EXPECT_EQ(read.last().finish, FinishReason::length);
  EXPECT_EQ(read.last().usage->prompt + read.last().usage->completion, Tokens{256});
}

TEST_F(SlmServiceTest, a_sampled_answer_repeats_with_its_seed) {
  must_start();
  auto asked = prompt("Tell a story.", 24);
  asked.temperature = 1.2;
  asked.seed = 7;
  const auto first = answer(asked), second = answer(asked);
  ASSERT_FALSE(first.error);
  EXPECT_EQ(first.text, second.text);
}

}  // namespace
}  // namespace writ::slm
