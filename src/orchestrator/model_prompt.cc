#include "orchestrator/model_prompt.h"

#include <algorithm>

namespace writ::orchestrator {
namespace {

Result<std::string> text_of(const Texts& texts, const ContentId& id) {
  const auto* text = texts.find(id);
  if (text == nullptr) return fail(conflict("content_erased", "content that the run needs was erased"));
  return *text;
}

json::object message(std::string_view role, std::string_view content) { return {{"role", role}, {"content", content}}; }

Result<json::object> assistant_message(const Turn& turn, const Texts& texts) {
  WRIT_TRY(const auto text, text_of(texts, turn.text));
  auto out = message("assistant", text);
  if (turn.tool_calls.empty()) return out;
  json::array calls;
  for (const auto& call : turn.tool_calls) {
    WRIT_TRY(const auto arguments, text_of(texts, call.arguments));
    calls.push_back(
        {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", arguments}}}});
  }
  out["tool_calls"] = std::move(calls);
  return out;
}

Result<json::object> tool_message(const Turn& turn, const Texts& texts) {
  std::string text;
  if (!turn.denied.empty()) {
    text = refusal("denied", turn.denied);
  } else {
    WRIT_TRY(text, text_of(texts, turn.text));
  }
  auto out = message("tool", text);
  out["tool_call_id"] = turn.call_id;
  return out;
}

// What a client or capsule forces holds for its step only: the model must be able to answer after it.
json::value choice_for(const RunState& state, const Capsule& capsule) {
  const auto step = static_cast<std::size_t>(state.step);
  if (step == 1 && state.start.tool_choice != json::value("auto")) return state.start.tool_choice;
  return step >= 1 && step <= capsule.tool_choice.size() ? capsule.tool_choice[step - 1] : json::value("auto");
}

}  // namespace

std::string refusal(std::string_view code, std::string_view words) {
  return to_text({{"error", code}, {"message", words}});
}

Result<Conversation> model_conversation(const RunState& state, const Texts& texts, const Earlier& earlier,
                                        const Capsule& capsule, const tools::Toolbox& toolbox) {
  Conversation out{.head = {.model = state.start.model,
                            .max_tokens = std::min(capsule.max_tokens, state.tokens_free().value),
                            .temperature = capsule.temperature},
                   .forgotten = earlier.forgotten};
  if (!capsule.system_prompt.empty()) out.head.messages.push_back(message("system", capsule.system_prompt));
  for (const auto& exchange : earlier.exchanges)
    out.exchanges.push_back({message("user", exchange.prompt), message("assistant", exchange.answer)});
  WRIT_TRY(const auto prompt, text_of(texts, state.start.prompt));
  out.question = message("user", prompt);
  for (const auto& turn : state.turns) {
    WRIT_TRY(auto made, turn.call_id.empty() ? assistant_message(turn, texts) : tool_message(turn, texts));
    if (turn.call_id.empty() || out.steps.empty()) out.steps.emplace_back();
    out.steps.back().push_back(std::move(made));
  }
  WRIT_TRY(out.head.tools, toolbox.openai_tools(capsule.tools));
  if (!out.head.tools.empty()) out.head.tool_choice = choice_for(state, capsule);
  return out;
}

}  // namespace writ::orchestrator
