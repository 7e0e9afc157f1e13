// The model's view of a run: what of the session, the run so far and the capsule goes into the next model call.
#pragma once

#include "orchestrator/capsule.h"
#include "orchestrator/orchestrator_store.h"
#include "slm/api/types.h"
#include "tools/tool.h"

namespace writ::orchestrator {

/// Messages: the capsule's system prompt, earlier questions and answers, this run's question, its turns with tool calls
/// and results. Errors: not_found (no_tool), conflict (content_erased: what the run needs was erased).
[[nodiscard]] Result<slm::Prompt> model_prompt(const RunState& state, const Texts& texts,
                                               const std::vector<Exchange>& earlier, const Capsule& capsule,
                                               const tools::Toolbox& toolbox);

/// What the model is told when a call was refused.
[[nodiscard]] std::string refusal(std::string_view code, std::string_view words);

}  // namespace writ::orchestrator
