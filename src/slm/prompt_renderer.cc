#include "slm/prompt_renderer.h"

#include "slm/model_folders.h"

namespace writ::slm {

Result<PromptRenderer> PromptRenderer::open(const SlmSettings& settings, const std::string& model) {
  auto options = registry_options(settings);
  if (!model.empty()) options.default_model = model;
  WRIT_TRY(const auto registry, ModelRegistry::open(options));
  WRIT_TRY(auto loaded, llama::Model::load(registry.default_model().files, llama::ModelPart::vocabulary));
  if (loaded->chat_template() == nullptr)
    return fail(invalid("no_chat_template", "the file holds no chat template: choose an instruct or chat model"));
  return PromptRenderer(std::move(loaded));
}

Result<RenderedPrompt> PromptRenderer::render(RenderRequest request) const {
  Prompt prompt;
  prompt.messages = std::move(request.messages);
  prompt.tools = std::move(request.tools);
  return slm::render(*model_, prompt,
                     request.add_generation_prompt ? llama::PromptEnd::open_answer : llama::PromptEnd::last_message);
}

}  // namespace writ::slm
