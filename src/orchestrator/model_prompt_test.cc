#include "orchestrator/model_prompt.h"

#include <gtest/gtest.h>

#include "orchestrator/run_history.h"
#include "tools/builtin_tools.h"

namespace writ::orchestrator {
namespace {

Texts texts_of(std::initializer_list<std::pair<const ContentId, std::string>> texts) { return Texts{.known = texts}; }

tools::Toolbox toolbox() {
  tools::Toolbox out;
  out.add(tools::make_calculator());
  return out;
}

Capsule capsule() {
  return {.name = "assistant", .system_prompt = "Help.", .tools = {"calculator"}, .max_tokens = 100};
}

Result<slm::Prompt> model_prompt(const RunState& state, const Texts& texts, std::vector<Exchange> earlier,
                                 const Capsule& capsule, const tools::Toolbox& toolbox) {
  WRIT_TRY(auto conversation, model_conversation(state, texts, {.exchanges = std::move(earlier)}, capsule, toolbox));
  return PromptWindow(std::move(conversation)).prompt();
}

TEST(ModelPrompt, tells_the_session_the_question_and_the_turns_in_openais_form) {
  auto run = in_tools({{"call_1", "calculator", "args"}});
  run.decide_tool(policy::Verdict::deny);
  const auto texts = texts_of({{"prompt", "2+2?"}, {"text", ""}, {"args", R"({"expression":"2+2"})"}});
  const auto prompt = model_prompt(run.state, texts, {{"hi", "hello"}}, capsule(), toolbox());
  ASSERT_TRUE(prompt) << prompt.error().message;
  ASSERT_EQ(prompt->messages.size(), 6U);
  EXPECT_EQ(to_text(prompt->messages[0]), R"({"role":"system","content":"Help."})");
  EXPECT_EQ(to_text(prompt->messages[1]), R"({"role":"user","content":"hi"})");
  EXPECT_EQ(to_text(prompt->messages[2]), R"({"role":"assistant","content":"hello"})");
  EXPECT_EQ(to_text(prompt->messages[3]), R"({"role":"user","content":"2+2?"})");
  EXPECT_EQ(prompt->messages[4].at("tool_calls").at(0).at("function").at("arguments"),
            json::value(R"({"expression":"2+2"})"));
  EXPECT_EQ(prompt->messages[5].at("tool_call_id"), json::value("call_1"));
  EXPECT_EQ(prompt->messages[5].at("content"), json::value(R"({"error":"denied","message":"not this tool"})"));
  EXPECT_EQ(prompt->tools.size(), 1U);
}

TEST(ModelPrompt, a_forced_tool_choice_holds_for_its_step_only) {
  RunHistory run;
  run.decide_start(policy::Verdict::allow);
  auto forced = capsule();
  forced.tool_choice = {"none", "required"};
  const auto texts = texts_of({{"prompt", "?"}});
  run.state.start.tool_choice = "required";
  const auto choice = [&](std::int64_t step) {
    run.state.step = step;
    return model_prompt(run.state, texts, {}, forced, toolbox())->tool_choice;
  };
  EXPECT_EQ(choice(1), json::value("required"));  // the client's own goes first
  EXPECT_EQ(choice(2), json::value("required"));
  EXPECT_EQ(choice(3), json::value("auto"));
  run.state.start.tool_choice = "auto";
  EXPECT_EQ(choice(1), json::value("none"));
}

TEST(ModelPrompt, a_call_gets_no_more_tokens_than_the_run_has_left) {
  RunHistory run({.steps = 4, .tokens = Tokens{40}, .wall_ms = 60'000});
  run.decide_start(policy::Verdict::allow);
  EXPECT_EQ(model_prompt(run.state, texts_of({{"prompt", "?"}}), {}, capsule(), toolbox())->max_tokens, 40);
}

TEST(ModelPrompt, erased_content_is_an_error_and_never_an_empty_text) {
  RunHistory run;
  const auto prompt = model_prompt(run.state, {}, {}, capsule(), toolbox());
  ASSERT_FALSE(prompt);
  EXPECT_EQ(prompt.error().code, "content_erased");
}

}  // namespace
}  // namespace writ::orchestrator
