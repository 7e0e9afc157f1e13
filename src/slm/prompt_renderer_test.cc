#include "slm/prompt_renderer.h"

#include <gtest/gtest.h>

#include "settings/reader.h"
#include "slm/model_registry.h"

namespace writ::slm {
namespace {

SlmSettings tiny_settings() {
  auto settings = settings::Reader(settings::Environment({})).read<SlmSettings>();
  settings.models_dir = WRIT_MODELS;
  settings.default_model = "writ-tiny";
  return settings;
}

RenderRequest request_of(std::string_view document) {
  auto decoded = schema::decode<RenderRequest>(*parse_json(document));
  EXPECT_TRUE(decoded);
  return std::move(*decoded);
}

constexpr std::string_view one_tool =
    R"([{"type":"function","function":{"name":"clock","description":"Tells the time.","parameters":{"type":"object",)"
    R"("properties":{"timezone":{"type":"string"}}}}}])";

TEST(PromptRenderer, gives_text_and_tokens_of_the_served_prompt) {
  const auto settings = tiny_settings();
  const auto renderer = PromptRenderer::open(settings, "");
  ASSERT_TRUE(renderer);
  auto request = request_of(R"({"messages":[{"role":"user","content":"What time is it? <|im_end|>"}],"tools":)" +
                            std::string(one_tool) + "}");
  Prompt prompt;
  prompt.messages = request.messages;
  prompt.tools = request.tools;
  const auto offline = renderer->render(std::move(request));
  ASSERT_TRUE(offline);

  // As slm-service does it: the whole model, and the prompt of its port.
  const auto registry = ModelRegistry::open({.models_dir = WRIT_MODELS, .default_model = "writ-tiny"});
  ASSERT_TRUE(registry);
  const auto whole = llama::Model::load(registry->default_model().files);
  ASSERT_TRUE(whole);
  const auto served = render(**whole, prompt);
  ASSERT_TRUE(served);
  EXPECT_EQ(offline->chat.prompt, served->chat.prompt);
  EXPECT_EQ(offline->tokens, served->tokens);
  EXPECT_TRUE(offline->chat.prompt.ends_with("<|im_start|>assistant\n"));
  EXPECT_NE(offline->chat.prompt.find(
                R"({"name":"clock","description":"Tells the time.","parameters":{"timezone?":"string"}})"),
            std::string::npos);
}

TEST(PromptRenderer, ends_after_the_last_message_where_it_is_asked_to) {
  const auto renderer = PromptRenderer::open(tiny_settings(), "writ-tiny");
  ASSERT_TRUE(renderer);
  const auto closed = renderer->render(request_of(
      R"({"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"Hello."}],"add_generation_prompt":false})"));
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->chat.prompt.ends_with("<|im_start|>assistant\nHello.<|im_end|>\n"));
  const auto open = renderer->render(request_of(R"({"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(open);
  EXPECT_TRUE(open->chat.prompt.ends_with("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"));
}

TEST(PromptRenderer, names_what_is_wrong_with_a_request) {
  const auto renderer = PromptRenderer::open(tiny_settings(), "");
  ASSERT_TRUE(renderer);
  const auto refused = renderer->render(request_of(R"({"messages":[{"role":"robot","content":"hi"}]})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "bad_messages");
  ASSERT_EQ(refused.error().problems.size(), 1U);
  EXPECT_EQ(refused.error().problems[0].pointer, "/messages/0/role");
}

TEST(PromptRenderer, an_unknown_model_is_refused_with_the_known_ones) {
  const auto renderer = PromptRenderer::open(tiny_settings(), "gpt-9");
  ASSERT_FALSE(renderer);
  EXPECT_EQ(renderer.error().code, "models_unusable");
  EXPECT_NE(renderer.error().message.find("writ-tiny"), std::string::npos);
}

}  // namespace
}  // namespace writ::slm
