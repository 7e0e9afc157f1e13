#include "gateway/openai_request.h"

#include <algorithm>

#include <fmt/format.h>

namespace writ::gateway::openai {
namespace {

using Problems = std::vector<Problem>;

constexpr std::size_t stops_max = 4, stop_text_max = 64;  // as OpenAI; bytes

// Parameters that change the answer and that no model here can honour. Silence would be a wrong answer.
Problems unsupported(const ChatCompletionRequest& in) {
  Problems out;
  const auto refuse = [&](bool given, std::string_view name, std::string_view message) {
    if (given) out.push_back({fmt::format("/{}", name), std::string(message)});
  };
  refuse(in.logprobs.value_or(false), "logprobs", "is not supported");
  refuse(in.frequency_penalty.value_or(0) != 0, "frequency_penalty", "is not supported");
  refuse(in.presence_penalty.value_or(0) != 0, "presence_penalty", "is not supported");
  refuse(in.logit_bias && !in.logit_bias->empty(), "logit_bias", "is not supported");
  refuse(in.functions.has_value(), "functions", "is not supported: send tools");
  refuse(in.function_call.has_value(), "function_call", "is not supported: send tool_choice");
  refuse(in.modalities && *in.modalities != json::value(json::array{"text"}), "modalities",
         "is not supported beyond [\"text\"]");
  return out;
}

// Text, or the list of text parts, as they came: who scans them must know where one ends. Images and sounds are refused:
// nothing here could scan them.
json::value text_of(const json::value& content, const std::string& at, Problems& problems) {
  if (content.is_string()) return content;
  const auto* parts = content.if_array();
  if (parts == nullptr) {
    problems.push_back({at, "must be text or a list of text parts"});
    return "";
  }
  json::array out;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const auto* part = (*parts)[i].if_object();
    const auto* piece = part == nullptr || text_at(*part, "type") != "text" ? nullptr : part->if_contains("text");
    if (piece == nullptr || !piece->is_string()) {
      problems.push_back({fmt::format("{}/{}", at, i), "must be a text part"});
      continue;
    }
    out.push_back({{"type", "text"}, {"text", *piece}});
  }
  if (out.empty()) return "";
  return out.size() == 1 ? out.front().at("text") : json::value(std::move(out));
}

json::array calls_of(const std::vector<MessageToolCall>& calls) {
  json::array out;
  for (const auto& call : calls)
    out.push_back({{"id", call.id},
                   {"type", "function"},
                   {"function", {{"name", call.function.name}, {"arguments", call.function.arguments}}}});
  return out;
}

json::object message_of(const ChatMessage& message, const std::string& at, Problems& problems) {
  const bool calls = message.role == Role::assistant && message.tool_calls && !message.tool_calls->empty();
  const auto role = message.role == Role::developer ? Role::system : message.role;
  json::object out{{"role", schema::name_of(role)}, {"content", ""}};
  if (message.content) out["content"] = text_of(*message.content, at + "/content", problems);
  else if (!calls) problems.push_back({at + "/content", "is required"});
  if (calls) out["tool_calls"] = calls_of(*message.tool_calls);
  if (message.role == Role::tool) {
    if (message.tool_call_id) out["tool_call_id"] = *message.tool_call_id;
    else problems.push_back({at + "/tool_call_id", "is required"});
  }
  return out;
}

bool is_tool_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

json::object tool_of(ToolSpec tool, const std::string& at, Problems& problems) {
  if (tool.type != "function") problems.push_back({at + "/type", "must be function"});
  if (!is_tool_name(tool.function.name))
    problems.push_back({at + "/function/name", "must be letters, digits, _ and -"});
  json::object function{{"name", tool.function.name}};
  if (tool.function.description) function["description"] = *tool.function.description;
  function["parameters"] =
      tool.function.parameters.value_or(json::object{{"type", "object"}, {"properties", json::object()}});
  return {{"type", "function"}, {"function", std::move(function)}};
}

std::vector<std::string> stops_of(const json::value& stop, Problems& problems) {
  std::vector<std::string> out;
  const auto take = [&](const json::value& value, const std::string& at) {
    const auto* text = value.if_string();
    if (text == nullptr || text->empty() || text->size() > stop_text_max)
      problems.push_back({at, fmt::format("must be text of 1 to {} bytes", stop_text_max)});
    else out.emplace_back(view(*text));
  };
  const auto* texts = stop.if_array();
  if (texts == nullptr) {
    take(stop, "/stop");
  } else if (texts->size() > stops_max) {
    problems.push_back({"/stop", fmt::format("must have at most {} items", stops_max)});
  } else {
    for (std::size_t i = 0; i < texts->size(); ++i) take((*texts)[i], fmt::format("/stop/{}", i));
  }
  return out;
}

std::optional<json::object> schema_of(const ResponseFormat& format, Problems& problems) {
  switch (format.type) {
    case FormatType::text: return std::nullopt;
    case FormatType::json_object: return json::object{{"type", "object"}};
    case FormatType::json_schema: break;
  }
  if (!format.json_schema || !format.json_schema->schema) {
    problems.push_back({"/response_format/json_schema/schema", "is required"});
    return std::nullopt;
  }
  return format.json_schema->schema;
}

}  // namespace

Result<slm::Prompt> to_prompt(ChatCompletionRequest request, std::int64_t max_tokens_default) {
  if (auto problems = unsupported(request); !problems.empty())
    return fail(
        invalid("unsupported_parameter", "the request asks for what no model here can do", std::move(problems)));
  Problems problems;
  slm::Prompt out;
  out.model = request.model.value_or("");
  for (std::size_t i = 0; i < request.messages.size(); ++i)
    out.messages.push_back(message_of(request.messages[i], fmt::format("/messages/{}", i), problems));
  if (request.tools) {
    for (std::size_t i = 0; i < request.tools->size(); ++i)
      out.tools.push_back(tool_of(std::move((*request.tools)[i]), fmt::format("/tools/{}", i), problems));
  }
  if (request.tool_choice) out.tool_choice = *request.tool_choice;
  if (!out.tools.empty()) out.parallel_tool_calls = request.parallel_tool_calls;
  if (request.max_completion_tokens) out.max_tokens = *request.max_completion_tokens;
  else out.max_tokens = request.max_tokens.value_or(max_tokens_default);
  out.temperature = request.temperature.value_or(out.temperature);
  out.top_p = request.top_p.value_or(out.top_p);
  out.seed = request.seed;
  if (request.stop) out.stop = stops_of(*request.stop, problems);
  if (request.response_format) out.response_schema = schema_of(*request.response_format, problems);
  if (!problems.empty())
    return fail(invalid("invalid_request", "the request does not match its schema", std::move(problems)));
  return out;
}

Error as_openai(Error error) {
  if (error.code == "no_model") {
    error.code = "model_not_found";
    error.problems = {{"/model", "is not the id of a model here"}};
  } else if (error.code == "context_overflow") {
    error.code = "context_length_exceeded";
    error.problems = {{"/messages", "are too long"}};
  } else if (error.code == "budget_spent") {
    error.code = "insufficient_quota";
  } else if (error.code == "budget_reserved") {
    error.code = "rate_limit_exceeded";  // clients try again, as soon as retry_after says
  } else if (error.code == "bad_json_schema") {
    constexpr std::string_view ours = "/response_schema", theirs = "/response_format/json_schema/schema";
    for (auto& problem : error.problems)
      if (problem.pointer.starts_with(ours)) problem.pointer.replace(0, ours.size(), theirs);
  }
  return error;
}

}  // namespace writ::gateway::openai
