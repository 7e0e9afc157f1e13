// What others may know of slm-service: chat requests, streamed events, models.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/units.h"
#include "schema/codec.h"

namespace writ::slm {

enum class FinishReason { stop, length, tool_calls, content_filter };

}  // namespace writ::slm

template <>
struct writ::schema::EnumNames<writ::slm::FinishReason> {
  using F = writ::slm::FinishReason;
  static constexpr auto value = std::array<std::pair<F, std::string_view>, 4>{
      {{F::stop, "stop"}, {F::length, "length"}, {F::tool_calls, "tool_calls"}, {F::content_filter, "content_filter"}}};
};

namespace writ::slm {

using schema::any;
using schema::field;
using schema::field_or_default;
using schema::list;
using schema::number;
using schema::real;
using schema::text;

/// What is guarded: its canonical JSON (policy::request_hash(encode(prompt))) is what a grant is for.
struct Prompt {
  std::string model;            // "" is the default model
  json::array messages;         // OpenAI chat messages: role, content, tool_calls, tool_call_id
  json::array tools;            // OpenAI tools: {type: function, function: {name, description, parameters}}
  json::value tool_choice = "auto";  // "auto" | "none" | "required" | {type: function, function: {name}}
  std::int64_t max_tokens = 256;
  double temperature = 0;
  double top_p = 1;
  std::optional<std::int64_t> seed;
  std::vector<std::string> stop;
  std::optional<json::object> response_schema;  // JSON Schema the text must match
  std::optional<bool> parallel_tool_calls;      // false: at most one call
  static constexpr auto fields() {
    return std::tuple(
        field_or_default("model", &Prompt::model, text(0, 128), "Model id."),
        field("messages", &Prompt::messages, any, "OpenAI chat messages."),
        field_or_default("tools", &Prompt::tools, any, "OpenAI tools."),
        field_or_default("tool_choice", &Prompt::tool_choice, any, "auto, none, required or one function."),
        field_or_default("max_tokens", &Prompt::max_tokens, number(1, 32'768), "At most so many generated tokens."),
        field_or_default("temperature", &Prompt::temperature, real(0, 2), "0 is greedy."),
        field_or_default("top_p", &Prompt::top_p, real(0, 1), "Nucleus."),
        field("seed", &Prompt::seed, any, "Sampling seed."),
        field_or_default("stop", &Prompt::stop, list(0, 4, text(1, 64)), "Stop texts."),
        field("response_schema", &Prompt::response_schema, any, "JSON Schema of the answer."),
        field("parallel_tool_calls", &Prompt::parallel_tool_calls, any, "false: at most one tool call."));
  }
};
struct ChatRequest {
  Prompt prompt;
  std::string grant;
  static constexpr auto fields() {
    return std::tuple(field("prompt", &ChatRequest::prompt, any, "The guarded request."),
                      field("grant", &ChatRequest::grant, text(1, 8192), "Grant of policy-engine."));
  }
};

struct ToolCall {
  std::string id;         // "call_…"
  std::string name;
  std::string arguments;  // JSON text
  static constexpr auto fields() {
    return std::tuple(field("id", &ToolCall::id, any, "Id."), field("name", &ToolCall::name, any, "Tool."),
                      field("arguments", &ToolCall::arguments, any, "JSON text."));
  }
};
struct Usage {
  Tokens prompt, completion;
  static constexpr auto fields() {
    return std::tuple(field("prompt", &Usage::prompt, any, "Prompt tokens."),
                      field("completion", &Usage::completion, any, "Generated tokens."));
  }
};
/// One item of a chat stream: text pieces, then exactly one with `finish` (which also carries the tool calls). An item may
/// have no text: tokens that are not shown (tool calls) are reported at least every 16.
struct ChatEvent {
  std::string text;
  std::vector<ToolCall> tool_calls;
  std::optional<FinishReason> finish;
  std::optional<Usage> usage;  // so far; with finish: of the whole call
  static constexpr auto fields() {
    return std::tuple(field_or_default("text", &ChatEvent::text, any, "Next piece of text, whole UTF-8 characters."),
                      field_or_default("tool_calls", &ChatEvent::tool_calls, any, "With finish."),
                      field("finish", &ChatEvent::finish, any, "Why it ended."),
                      field("usage", &ChatEvent::usage, any, "Tokens used so far."));
  }
};

struct Count {
  Tokens prompt;  // tokens the prompt renders to
  Tokens context;  // the model's context per request
  static constexpr auto fields() {
    return std::tuple(field("prompt", &Count::prompt, any, "Prompt tokens."),
                      field("context", &Count::context, any, "Context size, tokens."));
  }
};
struct ModelInfo {
  std::string id;
  bool is_default = false;
  Tokens context;
  std::string licence;
  static constexpr auto fields() {
    return std::tuple(field("id", &ModelInfo::id, any, "Model."),
                      field("default", &ModelInfo::is_default, any, "Whether it is the default."),
                      field("context", &ModelInfo::context, any, "Context, tokens."),
                      field("licence", &ModelInfo::licence, any, "Licence, if known."));
  }
};
struct ModelList {
  std::vector<ModelInfo> models;
  static constexpr auto fields() { return std::tuple(field("models", &ModelList::models, any, "Models.")); }
};

}  // namespace writ::slm
