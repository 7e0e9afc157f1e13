#include "slm/chat_prompt.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace writ::slm {
namespace {

/// Prompts up to so many tokens are decoded before longer ones: the class of a prompt is its length in such units.
constexpr std::size_t priority_unit = 256;

Error bad_tools(std::string pointer, std::string problem) {
  return invalid("bad_tools", "the tools are not valid", {{std::move(pointer), std::move(problem)}});
}

}  // namespace

Error as_port_error(Error error) {
  if (error.code == "unknown_tool") error.code = "bad_tools";  // the port has one code for everything about tools
  constexpr std::string_view theirs = "/json_schema", ours = "/response_schema";
  for (auto& problem : error.problems)
    if (problem.pointer.starts_with(theirs)) problem.pointer.replace(0, theirs.size(), ours);
  return error;
}

Result<llama::ChatRequest> chat_request(const Prompt& prompt) {
  llama::ChatRequest request{.messages = prompt.messages, .tools = prompt.tools};
  if (prompt.response_schema) request.json_schema = *prompt.response_schema;
  if (!prompt.parallel_tool_calls.value_or(true)) request.parallel = llama::ParallelCalls::refused;
  if (const auto* mode = prompt.tool_choice.if_string()) {
    if (*mode == "auto") request.tool_choice = llama::ToolChoice::automatic;
    else if (*mode == "none") request.tool_choice = llama::ToolChoice::none;
    else if (*mode == "required") request.tool_choice = llama::ToolChoice::required;
    else
      return fail(bad_tools("/tool_choice", "must be auto, none, required or {type: \"function\", function: {name}}"));
    return request;
  }
  const auto* choice = prompt.tool_choice.if_object();
  const auto* function =
      choice == nullptr || text_at(*choice, "type") != "function" ? nullptr : choice->if_contains("function");
  if (function == nullptr || !function->is_object() || text_at(function->get_object(), "name").empty())
    return fail(bad_tools("/tool_choice", "must be auto, none, required or {type: \"function\", function: {name}}"));
  request.tool_choice = llama::ToolChoice::named;
  request.parallel = llama::ParallelCalls::refused;  // who names a tool wants this call, and no second one
  request.tool_name = text_at(function->get_object(), "name");
  return request;
}

Result<RenderedPrompt> render(const llama::Model& model, const Prompt& prompt, llama::PromptEnd end) {
  WRIT_TRY(auto request, chat_request(prompt));
  request.end = end;
  auto chat = model.chat_template()->render(request);
  if (!chat) return fail(as_port_error(std::move(chat).error()));
  WRIT_CHECK(llama::check_grammar(model, chat->grammar));
  WRIT_TRY(auto tokens, model.tokenize(*chat));
  return RenderedPrompt{.chat = std::move(*chat), .tokens = std::move(tokens)};
}

llama::Sequence sequence_of(RenderedPrompt rendered, const Prompt& prompt, std::int32_t max_tokens,
                            std::uint32_t seed) {
  const auto length = rendered.tokens.size();
  auto sequence = llama::sequence_for(0, rendered.chat, std::move(rendered.tokens));
  sequence.sampling.temperature = static_cast<float>(prompt.temperature);
  sequence.sampling.top_p = std::max(static_cast<float>(prompt.top_p), std::numeric_limits<float>::min());
  sequence.sampling.seed = prompt.seed ? static_cast<std::uint32_t>(*prompt.seed) : seed;
  sequence.max_tokens = max_tokens;
  sequence.stops.insert(sequence.stops.end(), prompt.stop.begin(), prompt.stop.end());
  sequence.priority = static_cast<std::int32_t>(length / priority_unit);
  return sequence;
}

}  // namespace writ::slm
