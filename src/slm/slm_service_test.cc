#include "slm/slm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "settings/reader.h"
#include "slm/test_folder.h"

namespace writ::slm {
namespace {

constexpr std::string_view tiny = "writ-tiny";

crypto::SigningKey new_key() { return *crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random()); }

struct Read {
  std::string text;
  std::vector<ChatEvent> events;
  std::optional<Error> error;
  [[nodiscard]] const ChatEvent& last() const { return events.back(); }
};
Task<Read> read_all(StreamPtr<ChatEvent> stream) {
  Read out;
  for (;;) {
    auto event = co_await stream->next();
    if (!event) out.error = event.error();
    if (!event || !*event) co_return out;
    out.text += (*event)->text;
    out.events.push_back(std::move(**event));
  }
}
Task<Result<std::optional<ChatEvent>>> read_one(Stream<ChatEvent>* stream) { co_return co_await stream->next(); }

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

json::value move_tool() {
  return parse_json(R"({"type": "function", "function": {"name": "move", "description": "Moves.", "parameters": {"type": "object",
    "properties": {"direction": {"type": "string", "enum": ["north", "south"]}, "steps": {"type": "integer"}},
    "required": ["direction", "steps"], "additionalProperties": false}}})").value();
}

class SlmServiceTest : public testing::Test {
 protected:
  SlmServiceTest() {
    settings = settings::Reader(settings::Environment({})).read<SlmSettings>();
    settings.models_dir = WRIT_MODELS;
    settings.default_model = tiny;
    crypto::KeySet keys;
    keys.add(policy_key.public_key());
    key_set = std::make_shared<const crypto::KeySet>(std::move(keys));
    ctx.principal = {.tenant = TenantId("acme"), .subject = Subject("dev")};
    ctx = ctx.within(Seconds{240});
  }
  ~SlmServiceTest() override {
    if (!made) return;
    EXPECT_TRUE(loops.run(made->service.flush()));
    made.reset();
  }

  Status start() {
    made.emplace(make_service({.settings = settings,
                               .state_folder = folder.path() / "slm",
                               .grant_keys = [this] { return key_set; },
                               .registry = registry,
                               .invoker = invoker,
                               .log = log,
                               .clock = system_clock(),
                               .random = system_random()}));
    auto started = loops.run(made->service.start({loops, tasks}));
    client.emplace(http::Binding<SlmPort>(invoker, "orchestrator", made->port));
    return started;
  }
  void must_start() {
    const auto started = start();
    ASSERT_TRUE(started) << started.error().message;
  }

  Prompt prompt(std::string_view question, std::int64_t max_tokens = 16) const {
    Prompt out;
    out.model = tiny;
    out.messages = {json::object{{"role", "user"}, {"content", question}}};
    out.max_tokens = max_tokens;
    return out;
  }
  /// Its answer has max_tokens tokens: the text that it must match is longer.
  Prompt endless(std::string_view question, std::int64_t max_tokens) const {
    auto out = prompt(question, max_tokens);
    out.response_schema = parse_json(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1000})")->as_object();
    return out;
  }
  policy::Grant grant_for(const Prompt& prompt) const {
    return {.decision_id = make_id<DecisionId>(), .action = policy::Action::model_call, .tenant = ctx.principal.tenant, .subject = ctx.principal.subject,
            .resource = std::string(tiny), .request_hash = policy::request_hash(schema::encode(prompt)),
            .expires_at = system_clock().now() + Seconds{60}};
  }
  Result<StreamPtr<ChatEvent>> chat_with(Prompt prompt, const policy::Grant& grant, Context as) {
    return loops.run(client->chat(std::move(as), {.prompt = std::move(prompt), .grant = *policy::sign_grant(grant, policy_key)}));
  }
  Result<StreamPtr<ChatEvent>> chat(Prompt prompt) {
    const auto grant = grant_for(prompt);
    return chat_with(std::move(prompt), grant, ctx);
  }
  StreamPtr<ChatEvent> must_chat(Prompt prompt) {
    auto opened = chat(std::move(prompt));
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  Read answer(Prompt prompt) { return loops.run(read_all(must_chat(std::move(prompt)))); }
  std::string refusal(const Prompt& prompt, const policy::Grant& grant) {
    const auto opened = chat_with(prompt, grant, ctx);
    return opened ? "accepted" : opened.error().code;
  }

  std::uint64_t decode_calls() { return registry.counters(metric::decode_calls).with({tiny}).value(); }
  std::uint64_t generated() { return registry.counters(metric::tokens).with({tiny, "output"}).value(); }
  std::uint64_t ended(std::string_view how) { return registry.histograms(metric::duration).with({tiny, how}).count(); }

  TestFolder folder;
  SlmSettings settings;
  crypto::SigningKey policy_key = new_key();
  std::shared_ptr<const crypto::KeySet> key_set;
  Context ctx;
  async::Loops loops{2};
  async::TaskGroup tasks{"test", 16};
  observability::Registry registry{"slm", "1.0", "test"};
  observability::Logger log{"slm", observability::Level::error};
  http::Invoker invoker{registry};
  std::optional<Made> made;
  std::optional<SlmClient> client;
};

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

TEST_F(SlmServiceTest, an_unknown_model_is_not_found) {
  must_start();
  auto asked = prompt("hi");
  asked.model = "gpt-9";
  EXPECT_EQ(refusal(asked, grant_for(asked)), "no_model");
  EXPECT_EQ(loops.run(client->count(ctx, asked)).error().code, "no_model");
}

TEST_F(SlmServiceTest, no_model_named_is_the_default_model) {
  must_start();
  auto asked = prompt("hi", 2);
  asked.model = "";
  EXPECT_EQ(refusal(asked, grant_for(asked)), "accepted");
}

TEST_F(SlmServiceTest, two_streams_interleave_and_share_decode_calls) {
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

TEST_F(SlmServiceTest, a_dropped_stream_frees_its_slot_within_two_tokens) {
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

TEST_F(SlmServiceTest, a_cancelled_request_frees_its_slot_and_tells_so) {
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

TEST_F(SlmServiceTest, the_deadline_ends_an_answer) {
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

TEST_F(SlmServiceTest, a_full_queue_refuses_with_when_to_come_again) {
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

TEST_F(SlmServiceTest, a_stop_ends_every_stream_and_refuses_new_ones) {
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

TEST_F(SlmServiceTest, a_model_that_cannot_be_loaded_fails_alone) {
  settings.models = {folder.write("broken.gguf", "GGUF and then nothing of the kind").string()};
  must_start();
  const auto list = loops.run(client->models(ctx, {}));
  ASSERT_EQ(list->models.size(), 2U);
  EXPECT_TRUE(list->models[0].is_default);
  EXPECT_EQ(list->models[0].licence, "Apache-2.0");
  EXPECT_EQ(list->models[1].id, "broken");
  auto asked = prompt("hi", 2);
  asked.model = "broken";
  const auto counted = loops.run(client->count(ctx, asked));
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().code, "model_failed");
  EXPECT_NE(counted.error().message.find("broken"), std::string::npos);
  EXPECT_FALSE(answer(prompt("hi", 2)).error);
  EXPECT_TRUE(made->port.model_status());
}

TEST_F(SlmServiceTest, a_model_file_is_served_with_its_own_template) {
  const auto file = folder.path() / "copy.gguf";
  std::filesystem::copy_file(std::filesystem::path(WRIT_MODELS) / "tiny/writ-tiny.gguf", file);
  settings.models = {file.string()};
  settings.default_model = "copy";
  must_start();
  auto asked = prompt("hi", 4);
  asked.model = "copy";
  auto grant = grant_for(asked);
  grant.resource = "copy";
  auto opened = chat_with(asked, grant, ctx);
  ASSERT_TRUE(opened) << opened.error().message;
  const auto read = loops.run(read_all(std::move(*opened)));
  ASSERT_FALSE(read.error) << read.error->message;
  EXPECT_TRUE(read.last().finish);
}

TEST_F(SlmServiceTest, readiness_tells_whether_the_model_and_the_keys_are_there) {
  must_start();
  (void)loops.run(client->count(ctx, prompt("hi")));
  for (const auto& check : made->service.checks) EXPECT_TRUE(check.status()) << check.name;
  key_set = nullptr;
  EXPECT_EQ(made->service.checks.at(1).status().error().code, "no_grant_keys");
  const auto asked = prompt("hi");
  EXPECT_EQ(refusal(asked, grant_for(asked)), "no_grant_keys");
}

TEST_F(SlmServiceTest, a_model_that_is_not_preloaded_is_loaded_by_the_first_request) {
  settings.preload = false;
  must_start();
  EXPECT_TRUE(made->port.model_status());
  EXPECT_EQ(registry.gauges(metric::load_seconds).with({tiny}).value(), 0);
  EXPECT_FALSE(answer(prompt("hi", 2)).error);
  EXPECT_GT(registry.gauges(metric::load_seconds).with({tiny}).value(), 0);
}

TEST_F(SlmServiceTest, the_start_refuses_a_damaged_model_with_how_to_fix_it) {
  folder.write("models/templates/writ-tools.jinja", "{{ messages }}");
  std::ifstream in(WRIT_MODELS "/registry.json");
  folder.write("models/registry.json", std::string(std::istreambuf_iterator<char>(in), {}));
  folder.write("models/tiny/writ-tiny.gguf", "GGUF that is not the one");
  settings.models_dir = folder.path() / "models";
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "model_corrupt");
  EXPECT_NE(started.error().message.find("restore it from the repository"), std::string::npos) << started.error().message;
}

TEST_F(SlmServiceTest, the_start_refuses_a_missing_model) {
  settings.default_model = "nothing";
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "models_unusable");
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
