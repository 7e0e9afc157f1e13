// A model through slm's port in this process, under grants: prompt and generation speed, free and constrained answers, or
// two streams together and alone.
#include <latch>

#include "settings/reader.h"
#include "slm/slm.h"
#include "workbench.h"

namespace writ::bench {
namespace {

/// What one stretch of work took of the process.
struct Stretch {
  std::int64_t tokens = 0;
  double cpu = 0, wall = 0;
  [[nodiscard]] json::object shown() const { return {{"tokens", tokens}, {"cpu_seconds", cpu}, {"seconds", wall}}; }
};

struct Answered {
  Stretch first;  // from the request to the first event; tokens: of the prompt
  Stretch rest;  // from the first event to the last; tokens: generated after the first
  std::optional<Error> error;
};

class Slm {
 public:
  Slm(const ScratchData& data, const std::filesystem::path& gguf, const std::string& model, std::int32_t threads)
      : data_(data), model_(model.empty() ? gguf.stem().string() : model) {
    auto settings = settings::Reader(settings::Environment({})).read<slm::SlmSettings>();
    if (model.empty()) settings.models = {gguf.string()};
    else settings.cache = gguf.parent_path();
    settings.models_dir = WRIT_MODELS;
    settings.default_model = model_;
    settings.threads = threads;
    crypto::KeySet keys;
    keys.add(key_.public_key());
    keys_ = std::make_shared<const crypto::KeySet>(std::move(keys));
    made_.emplace(slm::make_service({.settings = settings,
                                     .state_folder = data_.folder().root() / "slm",
                                     .grant_keys = [this] { return keys_; },
                                     .registry = process_.registry,
                                     .invoker = process_.invoker,
                                     .log = process_.log,
                                     .clock = system_clock(),
                                     .random = system_random()}));
    must(process_.loops.run(made_->service.start({process_.loops, process_.tasks})));
    client_.emplace(http::Binding<slm::SlmPort>(process_.invoker, "orchestrator", made_->port));
    ctx_.principal = {.tenant = TenantId("local"), .subject = Subject("developer")};
    (void)answer(prompt("hello", 2));  // the model is loaded and warm
  }
  ~Slm() { must(process_.loops.run(made_->service.flush())); }
  Slm(const Slm&) = delete;
  Slm& operator=(const Slm&) = delete;

  [[nodiscard]] slm::Prompt prompt(std::string_view text, std::int64_t max_tokens) const {
    slm::Prompt out;
    out.model = model_;
    out.messages = {json::object{{"role", "user"}, {"content", text}}};
    out.max_tokens = max_tokens;
    return out;
  }
  /// A prompt that renders to so many tokens and begins unlike all before it.
  [[nodiscard]] slm::Prompt prompt_of(std::int64_t tokens, std::int64_t number) {
    auto text = std::to_string(number) + " " + std::to_string(number * 7919) + ":";
    auto out = prompt(text, 1);
    for (auto fits = out; count(fits) <= tokens; fits = prompt(text, 1)) {
      out = fits;
      text += " river";
    }
    return out;
  }
  [[nodiscard]] std::int64_t count(const slm::Prompt& prompt) {
    return must(process_.loops.run(client_->count(ctx_.within(Seconds{60}), prompt))).prompt.value;
  }
  Answered answer(const slm::Prompt& prompt) { return answer_all({prompt}).front(); }
  /// All at the same time.
  std::vector<Answered> answer_all(const std::vector<slm::Prompt>& prompts) {
    std::vector<Answered> out(prompts.size());
    std::latch done(static_cast<std::ptrdiff_t>(prompts.size()));
    for (std::size_t i = 0; i < prompts.size(); ++i)
      must(process_.tasks.spawn(process_.loops.at(0), "answer", read(this, prompts[i], &out[i], &done)));
    done.wait();
    for (const auto& one : out)
      if (one.error) give_up(*one.error);
    return out;
  }
  [[nodiscard]] std::uint64_t decode_calls() { return counter("slm_decode_calls_total"); }
  [[nodiscard]] std::uint64_t reused() { return counter("slm_prefix_reused_tokens_total"); }

 private:
  static Task<void> read(Slm* self, slm::Prompt prompt, Answered* out, std::latch* done) {
    out->error = co_await self->read_stream(std::move(prompt), out);
    done->count_down();
  }
  Task<std::optional<Error>> read_stream(slm::Prompt prompt, Answered* out) {
    const auto grant = policy::sign_grant({.decision_id = make_id<DecisionId>(),
                                           .action = policy::Action::model_call,
                                           .tenant = ctx_.principal.tenant,
                                           .subject = ctx_.principal.subject,
                                           .resource = model_,
                                           .request_hash = policy::request_hash(schema::encode(prompt)),
                                           .expires_at = system_clock().now() + Seconds{60}},
                                          key_);
    if (!grant) co_return grant.error();
    auto cpu = cpu_seconds(), wall = wall_seconds();
    auto stream = co_await client_->chat(ctx_.within(Seconds{300}), {.prompt = std::move(prompt), .grant = *grant});
    if (!stream) co_return stream.error();
    bool first = true;
    slm::Usage usage;
    for (;;) {
      const auto event = co_await (*stream)->next();
      if (!event) co_return event.error();
      if (first) {
        out->first = {.cpu = cpu_seconds() - cpu, .wall = wall_seconds() - wall};
        cpu = cpu_seconds(), wall = wall_seconds();
        first = false;
      }
      if (!*event) break;
      if ((*event)->usage) usage = *(*event)->usage;
    }
    out->first.tokens = usage.prompt.value;
    out->rest = {.tokens = usage.completion.value - 1, .cpu = cpu_seconds() - cpu, .wall = wall_seconds() - wall};
    co_return std::nullopt;
  }
  std::uint64_t counter(std::string_view name) {
    const std::array all{&process_.registry};
    const auto text = observability::write_prometheus(all);
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += name.size()) {
      const auto line = std::string_view(text).substr(at, text.find('\n', at) - at);
      if (line.starts_with(std::string(name) + "{") && line.contains("\"" + model_ + "\""))
        return std::stoull(std::string(line.substr(line.rfind(' ') + 1)));
    }
    return 0;
  }

  const ScratchData& data_;
  std::string model_;
  Process process_{"slm-service", 1};
  crypto::SigningKey key_ = must(crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random()));
  std::shared_ptr<const crypto::KeySet> keys_;
  std::optional<slm::Made> made_;
  std::optional<slm::SlmClient> client_;
  Context ctx_;
};

/// Prompt and generation apart, as llama-bench has them: the prompt's request generates one token.
json::object speed(Slm& slm, std::int64_t prompt_tokens, std::int64_t generated, std::int64_t rounds) {
  json::array prompts, generations;
  for (std::int64_t i = 0; i < rounds; ++i) {
    const auto long_prompt = slm.prompt_of(prompt_tokens, 1000 + i);
    const auto reused = slm.reused();
    auto read = slm.answer(long_prompt).first;
    read.tokens -= static_cast<std::int64_t>(slm.reused() - reused);
    prompts.push_back(read.shown());
    const auto question = std::to_string(i) + ". Tell a long story about a river.";
    generations.push_back(slm.answer(slm.prompt(question, generated + 1)).rest.shown());
  }
  return {{"prompt", std::move(prompts)}, {"generation", std::move(generations)}};
}

/// Whole answers of `generated` tokens: free, under a schema, and as a required call, in turns. The grammar is known from
/// the first round on, which is not told.
json::object constrained(Slm& slm, std::int64_t generated, std::int64_t rounds) {
  // Longer than any answer here: each of them has all its tokens.
  const auto schema = must(parse_json(R"({"type":"object","properties":{"story":{"type":"string","minLength":1500,
      "maxLength":2000},"tags":{"type":"array","items":{"type":"string","maxLength":12},"maxItems":8}},
      "required":["story","tags"],"additionalProperties":false})"))
                          .as_object();
  const auto asked = [&](std::int64_t round) {
    return slm.prompt(std::to_string(round) + ". Tell a long story about a river.", generated);
  };
  json::array free, with_schema, required_tool;
  const auto told = [&](json::array& out, const slm::Prompt& prompt, std::int64_t round) {
    const auto answer = slm.answer(prompt);
    if (round == 0) return;
    out.push_back(Stretch{.tokens = answer.rest.tokens + 1,
                          .cpu = answer.first.cpu + answer.rest.cpu,
                          .wall = answer.first.wall + answer.rest.wall}
                      .shown());
  };
  for (std::int64_t i = 0; i <= rounds; ++i) {
    told(free, asked(i), i);
    auto one = asked(i);
    one.response_schema = schema;
    told(with_schema, one, i);
    auto call = asked(i);
    call.tools = {json::object{{"type", "function"}, {"function", {{"name", "save"}, {"parameters", schema}}}}};
    call.tool_choice = "required";
    told(required_tool, call, i);
  }
  return {{"free", std::move(free)}, {"schema", std::move(with_schema)}, {"required_tool", std::move(required_tool)}};
}

/// Two answers one after the other, then at the same time.
json::object streams(Slm& slm, std::int64_t generated, std::int64_t rounds) {
  std::vector<slm::Prompt> both{slm.prompt("What is a river?", generated), slm.prompt("Name a colour.", generated)};
  // Their answers have `generated` tokens whatever the model would like to say: the text they must match is longer.
  for (auto& one : both)
    one.response_schema =
        must(parse_json(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1000})")).as_object();
  for (const auto& one : both) (void)slm.answer(one);  // from here on the beginnings are cached alike for all
  json::array out;
  const auto measured = [&](const auto& work) {
    const auto calls = slm.decode_calls();
    const auto cpu = cpu_seconds(), wall = wall_seconds();
    const auto tokens = work();
    json::object result = Stretch{.tokens = tokens, .cpu = cpu_seconds() - cpu, .wall = wall_seconds() - wall}.shown();
    result["decode_calls"] = slm.decode_calls() - calls;
    return result;
  };
  for (std::int64_t i = 0; i < rounds; ++i) {
    auto alone = measured([&] { return slm.answer(both[0]).rest.tokens + slm.answer(both[1]).rest.tokens + 2; });
    auto together = measured([&] {
      const auto answers = slm.answer_all(both);
      return answers[0].rest.tokens + answers[1].rest.tokens + 2;
    });
    out.push_back(json::object{{"alone", std::move(alone)}, {"together", std::move(together)}});
  }
  return {{"streams", std::move(out)}};
}

int run(const Arguments& arguments) {
  const ScratchData data(arguments.text("--folder", "."));
  Slm slm(data, arguments.text("--gguf", ""), arguments.text("--model", ""),
          static_cast<std::int32_t>(arguments.number("--threads", 1)));
  const auto generated = arguments.number("--generate", 64), rounds = arguments.number("--rounds", 3);
  const auto measure = arguments.text("--measure", "speed");
  if (measure == "streams") print(streams(slm, generated, rounds));
  else if (measure == "constrained") print(constrained(slm, generated, rounds));
  else print(speed(slm, arguments.number("--prompt", 128), generated, rounds));
  return 0;
}

}  // namespace
}  // namespace writ::bench

int main(int argc, char** argv) { return writ::bench::run(writ::bench::Arguments(argc, argv)); }
