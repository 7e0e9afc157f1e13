// The model's view of a run: what of the session, the run so far and the capsule goes into the next model call.
#pragma once

#include "orchestrator/capsule.h"
#include "orchestrator/orchestrator_store.h"
#include "orchestrator/prompt_window.h"
#include "slm/api/types.h"
#include "tools/tool.h"

namespace writ::orchestrator {

/// The capsule's system prompt and tools, earlier questions and answers, this run's question, its steps with tool calls and
/// results; a PromptWindow makes a prompt of it. Errors: not_found (no_tool), conflict (content_erased: what the run needs
/// was erased).
[[nodiscard]] Result<Conversation> model_conversation(const RunState& state, const Texts& texts, const Earlier& earlier,
                                                      const Capsule& capsule, const tools::Toolbox& toolbox);

/// What the model is told when a call was refused.
[[nodiscard]] std::string refusal(std::string_view code, std::string_view words);

}  // namespace writ::orchestrator
