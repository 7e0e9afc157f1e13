// A whole slm-service with the tiny model, asked through its port as the orchestrator does, under grants of a real key.
#pragma once

#include "slm/slm.h"

#include <gtest/gtest.h>

#include "core/scratch_folder.h"
#include "settings/reader.h"

namespace writ::slm {

inline constexpr std::string_view tiny = "writ-tiny";

inline crypto::SigningKey new_key() {
  return *crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random());
}

struct Read {
  std::string text;
  std::vector<ChatEvent> events;
  std::optional<Error> error;
  [[nodiscard]] const ChatEvent& last() const { return events.back(); }
};
inline Task<Read> read_all(StreamPtr<ChatEvent> stream) {
  Read out;
  for (;;) {
    auto event = co_await stream->next();
    if (!event) out.error = event.error();
    if (!event || !*event) co_return out;
    out.text += (*event)->text;
    out.events.push_back(std::move(**event));
  }
}
inline Task<Result<std::optional<ChatEvent>>> read_one(Stream<ChatEvent>* stream) { co_return co_await stream->next(); }

class SlmFixture : public testing::Test {
 public:
  SlmFixture() {
    settings = settings::Reader(settings::Environment({})).read<SlmSettings>();
    settings.models_dir = WRIT_MODELS;
    settings.default_model = tiny;
    crypto::KeySet keys;
    keys.add(policy_key.public_key());
    key_set = std::make_shared<const crypto::KeySet>(std::move(keys));
    ctx.principal = {.tenant = TenantId("acme"), .subject = Subject("dev")};
    ctx = ctx.within(Seconds{240});
  }
  ~SlmFixture() override {
    if (!made) return;
    EXPECT_TRUE(loops.run(made->service.flush()));
    made.reset();
  }

 protected:
  Status start() {
    made.emplace(make_service({.settings = settings,
                               .state_folder = folder.path() / "slm",
                               .trial_program = trial_program,
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
    out.response_schema =
        parse_json(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1000})")->as_object();
    return out;
  }
  policy::Grant grant_for(const Prompt& prompt) const {
    return {.decision_id = make_id<DecisionId>(),
            .action = policy::Action::model_call,
            .tenant = ctx.principal.tenant,
            .subject = ctx.principal.subject,
            .resource = std::string(tiny),
            .request_hash = policy::request_hash(schema::encode(prompt)),
            .expires_at = system_clock().now() + Seconds{60}};
  }
  Result<StreamPtr<ChatEvent>> chat_with(Prompt prompt, const policy::Grant& grant, Context as) {
    return loops.run(
        client->chat(std::move(as), {.prompt = std::move(prompt), .grant = *policy::sign_grant(grant, policy_key)}));
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

  ScratchFolder folder;
  SlmSettings settings;
  std::filesystem::path trial_program = WRIT_TRIAL_PROGRAM;
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

}  // namespace writ::slm
