#include "llama/engine.h"

#include <stdlib.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "llama/test_model.h"
#include "llama/tool_call_parser.h"

namespace writ::llama {
namespace {

constexpr EngineLimits small{.context_tokens = 512, .slots = 2, .batch_tokens = 64, .threads = 1};

std::unique_ptr<Engine> engine_with(const EngineLimits& limits) {
  auto engine = Engine::create(test_model(), limits);
  EXPECT_TRUE(engine.has_value()) << engine.error().message;
  return std::move(*engine);
}

Sequence question(SequenceId id, std::string_view text, std::int32_t max_tokens = 16) {
  const auto chat = *test_model().chat_template()->render(chat_request(text));
  auto sequence = sequence_for(id, chat, *test_model().tokenize(chat));
  sequence.sampling.temperature = 0;
  sequence.max_tokens = max_tokens;
  return sequence;
}

/// A question whose answer is a fixed number of tokens: its grammar has no end before that.
Sequence endless(SequenceId id, std::string_view text, std::int32_t max_tokens = 16) {
  auto sequence = question(id, text, max_tokens);
  sequence.matcher = matcher_of("start: /[a-z ]{4000,}/");
  return sequence;
}

struct Outcome {
  std::string text;
  std::int32_t tokens = 0;
  std::optional<FinishReason> finished;
};

std::map<SequenceId, Outcome> run(Engine& engine) {
  std::map<SequenceId, Outcome> outcomes;
  while (engine.active() > 0) {
    for (auto& event : engine.step()) {
      EXPECT_FALSE(event.error) << event.error->message;
      auto& outcome = outcomes[event.id];
      EXPECT_FALSE(outcome.finished) << "an event after the end";
      outcome.text += event.text;
      outcome.tokens += event.tokens;
      outcome.finished = event.finished;
    }
  }
  return outcomes;
}

TEST(Engine, two_sequences_share_decode_calls) {
  auto alone = engine_with(small);
  ASSERT_TRUE(alone->add(endless(1, "What is a river?")));
  run(*alone);
  const auto first = alone->counters().decode_calls;
  ASSERT_TRUE(alone->add(endless(2, "Name a colour.")));
  run(*alone);
  const auto separate = alone->counters().decode_calls;
  EXPECT_GE(first, 16U);

  auto together = engine_with(small);
  ASSERT_TRUE(together->add(endless(1, "What is a river?")));
  ASSERT_TRUE(together->add(endless(2, "Name a colour.")));
  const auto outcomes = run(*together);
  EXPECT_EQ(outcomes.at(1).tokens, 16);
  EXPECT_EQ(outcomes.at(2).tokens, 16);
  EXPECT_LT(together->counters().decode_calls, separate * 3 / 4);
  EXPECT_EQ(together->counters().generated_tokens, 32U);
}

TEST(Engine, a_long_prompt_does_not_stop_a_running_answer) {
  auto engine = engine_with(small);
  ASSERT_TRUE(engine->add(endless(1, "hi", 64)));
  while (engine->step().empty()) {}
  std::string words;
  for (int i = 0; i < 150; ++i) words += "word ";
  auto second = endless(2, words);
  ASSERT_GT(second.prompt.size(), 2U * 64U);
  ASSERT_TRUE(engine->add(std::move(second)));
  int steps = 0;
  while (engine->prompt_left(2).value_or(0) > 0) {
    const auto events = engine->step();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.front().id, 1U);
    EXPECT_EQ(events.front().tokens, 1);
    ++steps;
  }
  EXPECT_GE(steps, 3);
}

TEST(Engine, prompts_with_a_lower_priority_number_are_decoded_first) {
  auto engine = engine_with(small);
  auto background = endless(1, "one two three four five six seven eight nine ten");
  background.priority = 5;
  auto urgent = endless(2, "alpha beta gamma delta epsilon zeta eta theta");
  const auto of_background = static_cast<std::int32_t>(background.prompt.size());
  const auto of_urgent = static_cast<std::int32_t>(urgent.prompt.size());
  ASSERT_TRUE(engine->add(std::move(background)));
  ASSERT_TRUE(engine->add(std::move(urgent)));
  (void)engine->step(8);
  EXPECT_EQ(engine->prompt_left(1), of_background);
  EXPECT_LT(*engine->prompt_left(2), of_urgent);
}

TEST(Engine, removing_a_sequence_frees_its_slot_at_once) {
  auto engine = engine_with(small);
  ASSERT_TRUE(engine->add(endless(1, "one", 400)));
  ASSERT_TRUE(engine->add(endless(2, "two", 400)));
  (void)engine->step();
  const auto full = engine->add(endless(3, "three"));
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, "no_free_slot");
  EXPECT_TRUE(engine->remove(1));
  EXPECT_FALSE(engine->remove(1));
  EXPECT_EQ(engine->free_slots(), 1);
  ASSERT_TRUE(engine->add(endless(3, "three", 4)));
  for (int i = 0; i < 8; ++i) {
    for (const auto& event : engine->step()) EXPECT_NE(event.id, 1U);
  }
  EXPECT_EQ(engine->active(), 1);
}

TEST(Engine, an_answer_ends_at_max_tokens) {
  auto engine = engine_with(small);
  ASSERT_TRUE(engine->add(endless(1, "hello", 5)));
  const auto outcome = run(*engine).at(1);
  EXPECT_EQ(outcome.tokens, 5);
  EXPECT_EQ(outcome.finished, FinishReason::length);
}

TEST(Engine, an_answer_ends_when_the_context_is_full) {
  auto engine = engine_with({.context_tokens = 48, .slots = 1, .batch_tokens = 32});
  auto sequence = endless(1, "hello", 1000);
  sequence.prompt.resize(40, sequence.prompt.front());
  ASSERT_TRUE(engine->add(std::move(sequence)));
  const auto outcome = run(*engine).at(1);
  EXPECT_EQ(outcome.finished, FinishReason::length);
  EXPECT_EQ(outcome.tokens, 9);  // 8 that fit, and one that need not be decoded
}

TEST(Engine, a_prompt_that_does_not_fit_is_refused_with_its_size) {
  auto engine = engine_with({.context_tokens = 48, .slots = 1, .batch_tokens = 32});
  auto sequence = question(1, "hello");
  sequence.prompt.resize(48, sequence.prompt.front());
  const auto added = engine->add(std::move(sequence));
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().code, "context_overflow");
  EXPECT_NE(added.error().message.find("48 tokens"), std::string::npos) << added.error().message;
}

TEST(Engine, wrong_sequences_are_refused) {
  auto engine = engine_with(small);
  EXPECT_EQ(engine->add(Sequence{}).error().code, "bad_prompt");
  auto unknown = question(1, "hi");
  unknown.prompt.push_back(test_model().info().vocabulary);
  EXPECT_EQ(engine->add(std::move(unknown)).error().code, "bad_prompt");
  auto grammar = question(1, "hi");
  grammar.grammar.gbnf = "root ::= nothing";
  EXPECT_EQ(engine->add(std::move(grammar)).error().code, "bad_grammar");
  ASSERT_TRUE(engine->add(question(1, "hi")));
  EXPECT_EQ(engine->add(question(1, "hi")).error().code, "duplicate_sequence");
  EXPECT_EQ(engine->active(), 1);
  EXPECT_EQ(Engine::create(test_model(), {.slots = 0}).error().code, "bad_engine_limits");
  const auto words = Model::load(test_model_files(), ModelPart::vocabulary);
  ASSERT_TRUE(words);
  EXPECT_EQ(Engine::create(**words, small).error().code, "no_weights");
}

TEST(Engine, a_stop_string_ends_the_answer_and_is_not_in_it) {
  auto engine = engine_with(small);
  auto sequence = question(1, "hi", 64);
  sequence.matcher = matcher_of("start: /one two three four five[a-z ]*/");
  sequence.stops = {"three"};
  ASSERT_TRUE(engine->add(std::move(sequence)));
  const auto outcome = run(*engine).at(1);
  EXPECT_EQ(outcome.finished, FinishReason::stop);
  EXPECT_EQ(outcome.text, "one two ");
}

TEST(Engine, an_answer_ends_where_its_grammar_ends) {
  for (const bool of_llama_cpp : {false, true}) {
    auto engine = engine_with(small);
    auto sequence = question(1, "hi", 64);
    if (of_llama_cpp) sequence.grammar.gbnf = "root ::= \"Paris\"";
    else sequence.matcher = matcher_of("start: \"Paris\"");
    ASSERT_TRUE(engine->add(std::move(sequence)));
    const auto outcome = run(*engine).at(1);
    EXPECT_EQ(std::pair(outcome.text, outcome.finished),
              std::pair(std::string("Paris"), std::optional(FinishReason::stop)));
  }
}

TEST(Engine, the_next_turn_decodes_only_what_is_new) {
  auto engine = engine_with(small);
  auto first = endless(1, "Tell me about rivers.");
  const auto prompt = first.prompt;
  ASSERT_EQ(*engine->add(std::move(first)), 0);
  run(*engine);
  const auto before = engine->counters();

  auto again = endless(2, "Tell me about rivers.");
  const auto reused = engine->add(std::move(again));
  ASSERT_TRUE(reused);
  EXPECT_EQ(*reused, static_cast<std::int32_t>(prompt.size()) - 1);
  EXPECT_EQ(engine->prompt_left(2), 1);
  run(*engine);
  EXPECT_EQ(engine->counters().prompt_tokens - before.prompt_tokens, 1U);
  EXPECT_EQ(engine->counters().prefix_reused, prompt.size() - 1);
}

TEST(Engine, a_beginning_is_shared_with_a_sequence_that_still_runs) {
  auto engine = engine_with(small);
  ASSERT_TRUE(engine->add(endless(1, "Tell me about rivers.", 64)));
  while (engine->step().empty()) {}
  const auto reused = engine->add(endless(2, "Tell me about mountains.", 64));
  ASSERT_TRUE(reused);
  EXPECT_GT(*reused, 4);
  const auto outcomes = run(*engine);
  EXPECT_EQ(outcomes.at(1).tokens + outcomes.at(2).tokens, 127);
}

TEST(Engine, reused_tokens_give_the_same_likeliest_answer) {
  auto fresh = engine_with({.context_tokens = 512, .slots = 1, .batch_tokens = 64});
  ASSERT_TRUE(fresh->add(question(1, "Say hello to Ada.", 12)));
  const auto expected = run(*fresh).at(1).text;
  ASSERT_TRUE(fresh->add(question(2, "Say hello to Ada.", 12)));
  EXPECT_EQ(run(*fresh).at(2).text, expected);
}

constexpr std::string_view weather =
    R"([{"type":"function","function":{"name":"get_weather","description":"Weather.","parameters":
  {"type":"object","properties":{"city":{"type":"string","maxLength":12},"unit":{"enum":["c","f"]}},"required":["city","unit"]}}},
  {"type":"function","function":{"name":"list_files"}}])";

TEST(Engine, a_forced_tool_call_matches_the_tools_schema) {
  for (const float temperature : {0.0F, 1.5F}) {
    auto request = chat_request("How is the weather in Oslo?", weather);
    request.tool_choice = ToolChoice::named;
    request.tool_name = "get_weather";
    request.parallel = ParallelCalls::refused;
    const auto chat = *test_model().chat_template()->render(request);
    auto sequence = sequence_under_rules(1, chat);
    sequence.sampling.temperature = temperature;
    sequence.max_tokens = 120;
    auto engine = engine_with(small);
    ASSERT_TRUE(engine->add(std::move(sequence)));
    const auto outcome = run(*engine).at(1);
    EXPECT_EQ(outcome.finished, FinishReason::tool_end);

    ToolCallParser parser(chat);
    EXPECT_EQ(parser.feed(outcome.text), "");
    const auto answer = parser.finish();
    ASSERT_TRUE(answer.has_value()) << outcome.text;
    ASSERT_EQ(answer->calls.size(), 1U);
    EXPECT_EQ(answer->calls[0].name, "get_weather");
    const auto arguments = parse_json(answer->calls[0].arguments)->as_object();
    EXPECT_TRUE(arguments.at("city").is_string());
    EXPECT_TRUE(arguments.at("unit") == "c" || arguments.at("unit") == "f");
    EXPECT_EQ(arguments.size(), 2U);
  }
}

TEST(Engine, an_automatic_choice_gives_text_or_well_formed_calls) {
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    const auto chat = *test_model().chat_template()->render(chat_request("List the files, please.", weather));
    auto sequence = sequence_under_rules(seed, chat);
    sequence.sampling = {.temperature = 1.0F, .top_k = 0, .seed = seed};
    sequence.max_tokens = 100;
    auto engine = engine_with(small);
    ASSERT_TRUE(engine->add(std::move(sequence)));
    const auto outcome = run(*engine).at(seed);
    ToolCallParser parser(chat);
    (void)parser.feed(outcome.text);
    const auto answer = parser.finish();
    if (outcome.finished == FinishReason::length) continue;  // a call may be cut off
    ASSERT_TRUE(answer.has_value()) << outcome.text;
    EXPECT_EQ(outcome.finished == FinishReason::tool_end, !answer->calls.empty()) << outcome.text;
  }
}

TEST(Engine, a_model_with_its_own_template_answers_and_calls) {
  auto files = test_model_files();
  files.chat_template.reset();
  const auto model = *Model::load(files);
  auto engine = *Engine::create(*model, small);
  for (const auto choice : {ToolChoice::none, ToolChoice::named}) {
    auto request = chat_request("List the files.", choice == ToolChoice::none ? "[]" : weather);
    request.tool_choice = choice;
    request.tool_name = "list_files";
    request.parallel = ParallelCalls::refused;
    const auto chat = model->chat_template()->render(request);
    if (choice == ToolChoice::named && !model->chat_template()->supports_tools()) {
      EXPECT_EQ(chat.error().code, "tools_unsupported");
      continue;
    }
    ASSERT_TRUE(chat.has_value()) << chat.error().message;
    auto sequence = sequence_for(1, *chat, *model->tokenize(*chat));
    sequence.sampling.temperature = 0;
    sequence.max_tokens = 80;
    const auto added = engine->add(std::move(sequence));
    ASSERT_TRUE(added.has_value()) << added.error().message;
    const auto outcome = run(*engine).at(1);
    ToolCallParser parser(*chat);
    auto text = parser.feed(outcome.text);
    const auto answer = parser.finish();
    ASSERT_TRUE(answer.has_value()) << outcome.text;
    text += answer->text;
    EXPECT_EQ(text.empty(), choice == ToolChoice::named) << outcome.text;
    EXPECT_EQ(answer->calls.size(), choice == ToolChoice::named ? 1U : 0U) << outcome.text;
  }
}

TEST(Engine, an_answer_matches_the_json_schema) {
  auto request = chat_request("Describe Ada.");
  request.json_schema =
      *parse_json(R"({"type":"object","properties":{"age":{"type":"integer","minimum":1,"maximum":99}},
    "required":["age"],"additionalProperties":false})");
  const auto chat = *test_model().chat_template()->render(request);
  auto engine = engine_with(small);
  auto sequence = sequence_under_rules(1, chat);
  ASSERT_TRUE(engine->add(std::move(sequence)));
  const auto outcome = run(*engine).at(1);
  const auto value = parse_json(outcome.text);
  ASSERT_TRUE(value.has_value()) << outcome.text;
  EXPECT_GE(value->at("age").as_int64(), 1);
}

TEST(Engine, the_same_seed_alone_gives_the_same_answer) {
  std::vector<std::string> texts;
  for (const std::uint32_t seed : {7U, 7U, 8U}) {
    auto engine = engine_with(small);
    auto sequence = endless(1, "Tell me a story.", 24);
    sequence.sampling = {.temperature = 1.5F, .top_p = 1.0F, .top_k = 0, .seed = seed};
    ASSERT_TRUE(engine->add(std::move(sequence)));
    texts.push_back(run(*engine).at(1).text);
  }
  EXPECT_EQ(texts[0], texts[1]);
  EXPECT_NE(texts[0], texts[2]);
}

TEST(Engine, compute_threads_are_used_and_end) {
  auto engine = engine_with({.context_tokens = 256, .slots = 2, .batch_tokens = 64, .threads = 2});
  ASSERT_TRUE(engine->add(endless(1, "hello", 8)));
  EXPECT_EQ(run(*engine).at(1).tokens, 8);
}

TEST(EngineDeathTest, another_thread_than_the_owner_is_a_bug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto engine = engine_with(small);
        (void)engine->step();
        std::thread([&] { (void)engine->step(); }).join();
      },
      "owner thread");
}

#ifdef WRIT_FAIL_POINTS
TEST(Engine, a_decode_that_fails_ends_all_sequences_and_the_next_ones_are_as_if_nothing_had_been) {
  const auto folder = std::filesystem::temp_directory_path() / ("writ-points-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  ::setenv("WRIT_ERROR_POINTS", folder.c_str(), 1);
  auto engine = engine_with(small);
  ASSERT_TRUE(engine->add(endless(1, "one")));
  const auto expected = run(*engine)[1].text;
  ASSERT_TRUE(engine->add(endless(2, "one")));
  ASSERT_TRUE(engine->add(endless(3, "two")));
  (void)engine->step();
  std::ofstream(folder / "llama.decode") << "";
  const auto events = engine->step();
  ::unsetenv("WRIT_ERROR_POINTS");
  std::filesystem::remove_all(folder);
  ASSERT_EQ(events.size(), 2U);
  for (const auto& event : events) EXPECT_EQ(event.error->code, "decode_failed");
  EXPECT_TRUE(engine->usable());
  EXPECT_EQ(engine->active(), 0);
  EXPECT_EQ(*engine->add(endless(4, "one")), 0) << "nothing of the old cache is reused";
  EXPECT_EQ(run(*engine)[4].text, expected);
}
#endif

TEST(Engine, without_sequences_a_step_does_nothing) {
  auto engine = engine_with(small);
  EXPECT_TRUE(engine->step().empty());
  EXPECT_EQ(engine->counters().decode_calls, 0U);
}

}  // namespace
}  // namespace writ::llama
