// PromptRenderer: what slm-service would give to a model for a conversation, without serving the model. Training renders its
// data with it, so that a model is trained on the very bytes and tokens that it is served.
#pragma once

#include "slm/chat_prompt.h"
#include "slm/slm_settings.h"

namespace writ::slm {

struct RenderRequest {
  json::array messages;
  json::array tools;
  bool add_generation_prompt = true;  // false: it ends after the last message
  static constexpr auto fields() {
    return std::tuple(field("messages", &RenderRequest::messages, any, "OpenAI chat messages."),
                      field_or_default("tools", &RenderRequest::tools, any, "OpenAI tools."),
                      field_or_default("add_generation_prompt", &RenderRequest::add_generation_prompt, any,
                                       "Whether the text ends where the model's answer begins."));
  }
};

class PromptRenderer {
 public:
  /// model: an id that the settings serve, or one of registry.json; empty is the default one. Reads vocabulary and template
  /// only, not the weights. Errors: those of ModelRegistry::open and llama::Model::load; invalid (no_chat_template).
  [[nodiscard]] static Result<PromptRenderer> open(const SlmSettings& settings, const std::string& model);

  /// Errors: those of slm::render. Thread: any.
  [[nodiscard]] Result<RenderedPrompt> render(RenderRequest request) const;

 private:
  explicit PromptRenderer(std::unique_ptr<llama::Model> model) : model_(std::move(model)) {}
  std::unique_ptr<llama::Model> model_;
};

}  // namespace writ::slm
