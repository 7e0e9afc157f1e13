// The texts of an event and of a run's state: which of their fields are content ids.
#pragma once

#include "orchestrator/run_state.h"

namespace writ::orchestrator {

/// An event whose content fields still hold their text instead of a content id.
using Draft = EventData;

/// Calls `visit(ContentId&)` for every content field that is there. Both forms: ids, and the texts of a Draft.
template <class Visit>
void for_each_content(EventData& event, Visit visit) {
  const auto visit_optional = [&](std::optional<ContentId>& content) {
    if (content) visit(*content);
  };
  std::visit(
      [&]<class E>(E& e) {
        if constexpr (std::is_same_v<E, RunStarted>) {
          visit(e.prompt);
        } else if constexpr (std::is_same_v<E, StepStarted> || std::is_same_v<E, ReviewRequested>) {
          visit_optional(e.arguments);
        } else if constexpr (std::is_same_v<E, ModelOutput>) {
          visit(e.text);
          for (auto& call : e.tool_calls) visit(call.arguments);
        } else if constexpr (std::is_same_v<E, ToolResult> || std::is_same_v<E, ToolReturned>) {
          visit(e.result);
        } else if constexpr (std::is_same_v<E, ReviewAnswered>) {
          visit_optional(e.arguments);
          visit_optional(e.result);
        } else if constexpr (std::is_same_v<E, RunFinished>) {
          visit_optional(e.answer);
        }
      },
      event);
}

/// The same for a state.
template <class Visit>
void for_each_content(const RunState& state, Visit visit) {
  visit(state.start.prompt);
  for (const auto& turn : state.turns) {
    if (!turn.text.empty()) visit(turn.text);
    for (const auto& call : turn.tool_calls) visit(call.arguments);
  }
  for (const auto& call : state.calls) {
    visit(call.call.arguments);
    if (!call.result.empty()) visit(call.result);
  }
  if (state.review && state.review->arguments) visit(*state.review->arguments);
  if (state.finish && state.finish->answer) visit(*state.finish->answer);
}

}  // namespace writ::orchestrator
