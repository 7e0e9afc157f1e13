// Turns a prompt of the port into what a model decodes. Pure; rendering and counting a long prompt takes milliseconds.
#pragma once

#include <vector>

#include "llama/engine.h"
#include "slm/api/types.h"

namespace writ::slm {

/// Shapes are checked when it is rendered, the tool choice here. Errors: invalid (bad_tools).
[[nodiscard]] Result<llama::ChatRequest> chat_request(const Prompt& prompt);

struct RenderedPrompt {
  llama::RenderedChat chat;  // its rules are still to be compiled
  std::vector<llama::Token> tokens;
};

/// An error of rendering or compiling in the codes and pointers of the port.
[[nodiscard]] Error as_port_error(Error error);

/// Errors: invalid (bad_messages, bad_tools, bad_json_schema, render_failed), with pointers into the prompt. Thread: any.
[[nodiscard]] Result<RenderedPrompt> render(const llama::Model& model, const Prompt& prompt,
                                            llama::PromptEnd end = llama::PromptEnd::open_answer);

/// What to decode, except for its id and the matcher of its rules. max_tokens: after all caps. seed: used where the
/// prompt has none.
[[nodiscard]] llama::Sequence sequence_of(RenderedPrompt rendered, const Prompt& prompt, std::int32_t max_tokens,
                                          std::uint32_t seed);

}  // namespace writ::slm
