// What OpenAI's clients send and read: the request of a chat completion, and the list of models.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "schema/codec.h"

namespace writ::gateway::openai {

/// `developer` is the newer name of `system`.
enum class Role { system, developer, user, assistant, tool };
enum class FormatType { text, json_object, json_schema };

}  // namespace writ::gateway::openai

template <>
struct writ::schema::EnumNames<writ::gateway::openai::Role> {
  using R = writ::gateway::openai::Role;
  static constexpr auto value = std::array<std::pair<R, std::string_view>, 5>{{{R::system, "system"},
                                                                               {R::developer, "developer"},
                                                                               {R::user, "user"},
                                                                               {R::assistant, "assistant"},
                                                                               {R::tool, "tool"}}};
};
template <>
struct writ::schema::EnumNames<writ::gateway::openai::FormatType> {
  using F = writ::gateway::openai::FormatType;
  static constexpr auto value = std::array<std::pair<F, std::string_view>, 3>{
      {{F::text, "text"}, {F::json_object, "json_object"}, {F::json_schema, "json_schema"}}};
};

namespace writ::gateway::openai {

using schema::any;
using schema::field;
using schema::field_or_default;
using schema::list;
using schema::number;
using schema::real;
using schema::text;

/// OpenAI names tools with at most 64 characters and ids alike.
inline constexpr schema::Text short_text{1, 64};

struct CalledFunction {
  std::string name;
  std::string arguments;
  static constexpr auto fields() {
    return std::tuple(field("name", &CalledFunction::name, short_text, "Tool."),
                      field_or_default("arguments", &CalledFunction::arguments, any, "JSON text."));
  }
};
struct MessageToolCall {
  std::string id;
  CalledFunction function;
  static constexpr auto fields() {
    return std::tuple(field("id", &MessageToolCall::id, text(1, 256), "Id; a tool message names it."),
                      field("function", &MessageToolCall::function, any, "What was called."));
  }
};
struct ChatMessage {
  Role role = Role::user;
  std::optional<json::value> content;  // text, or a list of {type: text, text}
  std::optional<std::vector<MessageToolCall>> tool_calls;
  std::optional<std::string> tool_call_id;
  static constexpr auto fields() {
    return std::tuple(
        field("role", &ChatMessage::role, any, "Who speaks."),
        field("content", &ChatMessage::content, any, "Text, or a list of text parts."),
        field("tool_calls", &ChatMessage::tool_calls, list(0, 128), "Of an assistant's message."),
        field("tool_call_id", &ChatMessage::tool_call_id, text(1, 256), "Of a tool's message: which call it answers."));
  }
};

struct FunctionSpec {
  std::string name;
  std::optional<std::string> description;
  std::optional<json::object> parameters;
  static constexpr auto fields() {
    return std::tuple(field("name", &FunctionSpec::name, short_text, "Letters, digits, _ and -."),
                      field("description", &FunctionSpec::description, text(0, 4096), "The model reads it."),
                      field("parameters", &FunctionSpec::parameters, any, "JSON Schema of the arguments."));
  }
};
struct ToolSpec {
  std::string type;
  FunctionSpec function;
  static constexpr auto fields() {
    return std::tuple(field("type", &ToolSpec::type, short_text, "function."),
                      field("function", &ToolSpec::function, any, "The tool."));
  }
};

struct JsonSchemaFormat {
  std::optional<json::object> schema;
  static constexpr auto fields() {
    return std::tuple(field("schema", &JsonSchemaFormat::schema, any, "JSON Schema of the answer."));
  }
};
struct ResponseFormat {
  FormatType type = FormatType::text;
  std::optional<JsonSchemaFormat> json_schema;
  static constexpr auto fields() {
    return std::tuple(field("type", &ResponseFormat::type, any, "text, json_object or json_schema."),
                      field("json_schema", &ResponseFormat::json_schema, any, "With json_schema."));
  }
};
struct StreamOptions {
  std::optional<bool> include_usage;
  static constexpr auto fields() {
    return std::tuple(
        field("include_usage", &StreamOptions::include_usage, any, "One more chunk with the tokens used."));
  }
};

/// Fields that OpenAI knows and this table does not are ignored, as its clients expect. Those that would change the
/// answer and cannot be honoured are named here, to be refused (openai_request.cc).
struct ChatCompletionRequest {
  std::optional<std::string> model;
  std::vector<ChatMessage> messages;
  std::optional<std::vector<ToolSpec>> tools;
  std::optional<json::value> tool_choice;
  std::optional<bool> parallel_tool_calls;
  std::optional<std::int64_t> max_tokens, max_completion_tokens;
  std::optional<double> temperature, top_p;
  std::optional<std::int64_t> seed;
  std::optional<json::value> stop;
  std::optional<bool> stream;
  std::optional<StreamOptions> stream_options;
  std::optional<ResponseFormat> response_format;
  std::optional<std::int64_t> n;
  std::optional<bool> logprobs;
  std::optional<double> frequency_penalty, presence_penalty;
  std::optional<json::object> logit_bias;
  std::optional<json::value> functions, function_call;
  std::optional<json::value> modalities;

  static constexpr std::int64_t tokens_max = 32'768;  // slm::Prompt::max_tokens has the same bound
  static constexpr auto fields() {
    using R = ChatCompletionRequest;
    return std::tuple(
        field("model", &R::model, text(1, 128), "Model id; the default model when absent."),
        field("messages", &R::messages, list(1, 4096), "The conversation, oldest first."),
        field("tools", &R::tools, list(0, 128), "Tools the model may ask for; the caller runs them."),
        field("tool_choice", &R::tool_choice, any, "auto, none, required, or {type: function, function: {name}}."),
        field("parallel_tool_calls", &R::parallel_tool_calls, any, "false: the answer has at most one tool call."),
        field("max_tokens", &R::max_tokens, number(1, tokens_max), "At most so many generated tokens."),
        field("max_completion_tokens", &R::max_completion_tokens, number(1, tokens_max),
              "The newer name of max_tokens; it wins."),
        field("temperature", &R::temperature, real(0, 2), "0, the default, is greedy."),
        field("top_p", &R::top_p, real(0, 1), "Nucleus."), field("seed", &R::seed, any, "Sampling seed."),
        field("stop", &R::stop, any, "A stop text, or a list of at most 4."),
        field("stream", &R::stream, any, "Server-sent events instead of one answer."),
        field("stream_options", &R::stream_options, any, "With stream."),
        field("response_format", &R::response_format, any, "Shape of the answer."),
        field("n", &R::n, number(1, 1), "Answers: one."),
        field("logprobs", &R::logprobs, any, "Not supported: absent or false."),
        field("frequency_penalty", &R::frequency_penalty, real(-2, 2), "Not supported: absent or 0."),
        field("presence_penalty", &R::presence_penalty, real(-2, 2), "Not supported: absent or 0."),
        field("logit_bias", &R::logit_bias, any, "Not supported: absent or empty."),
        field("functions", &R::functions, any, "Not supported: use tools."),
        field("function_call", &R::function_call, any, "Not supported: use tool_choice."),
        field("modalities", &R::modalities, any, "Not supported beyond [\"text\"]."));
  }
};

struct ModelCard {
  std::string id;
  std::string object = "model";
  std::int64_t created = 0;  // unix seconds; a model file's age is not known
  std::string owned_by = "writ";
  bool is_default = false;
  std::int64_t context_length = 0;
  std::string licence;
  static constexpr auto fields() {
    return std::tuple(field("id", &ModelCard::id, any, "Model id."), field("object", &ModelCard::object, any, "model."),
                      field("created", &ModelCard::created, any, "Unix seconds; 0 is unknown."),
                      field("owned_by", &ModelCard::owned_by, any, "Who serves it."),
                      field("default", &ModelCard::is_default, any, "Whether it answers when a request names none."),
                      field("context_length", &ModelCard::context_length, any, "Tokens of prompt and answer."),
                      field("licence", &ModelCard::licence, any, "Licence, if known."));
  }
};
struct ModelCards {
  std::string object = "list";
  std::vector<ModelCard> data;
  static constexpr auto fields() {
    return std::tuple(field("object", &ModelCards::object, any, "list."),
                      field("data", &ModelCards::data, any, "Models."));
  }
};
struct ModelRef {
  std::string model;  // path
  static constexpr auto fields() { return std::tuple(field("model", &ModelRef::model, text(1, 128), "Model id.")); }
};

}  // namespace writ::gateway::openai
