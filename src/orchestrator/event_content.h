// The texts of an event: which of its fields are content ids.
#pragma once

#include "orchestrator/run_event.h"

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
        } else if constexpr (std::is_same_v<E, ToolResult>) {
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

}  // namespace writ::orchestrator
