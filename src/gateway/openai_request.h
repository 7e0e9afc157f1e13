// From OpenAI's chat request to the prompt that is guarded. Pure.
#pragma once

#include "gateway/openai_types.h"
#include "slm/api/types.h"

namespace writ::gateway::openai {

/// Everything the model will read is text in the prompt's messages, so that policy can scan it.
/// max_tokens_default: generated tokens when the request names no bound.
/// Errors: invalid (unsupported_parameter for what would change the answer and cannot be honoured, else invalid_request),
/// with every problem at its JSON pointer.
[[nodiscard]] Result<slm::Prompt> to_prompt(ChatCompletionRequest request, std::int64_t max_tokens_default);

/// The error in the codes and parameters that OpenAI's clients know: model_not_found, context_length_exceeded,
/// insufficient_quota; rate_limit_exceeded, when calls under way hold the tokens; a schema's problems at their place
/// in the request.
[[nodiscard]] Error as_openai(Error error);

}  // namespace writ::gateway::openai
