#include "llama/grammar.h"

#include <utility>

#include <fmt/format.h>

#include "llama/tool_call_parser.h"

namespace writ::llama {
namespace {

/// Texts up to and including the marker, and texts without it.
std::string text_rules() {
  return fmt::format(
      "text_call[lazy]: /(?s:.*){0}/\n"
      "TEXT: /(?s:.+)/ & ~/(?s:.*){0}(?s:.*)/\n",
      call_begin);
}

/// The rules `calls`, what follows the first <tool_call>, and their schemas. A tool's name is letters, digits, _ and -.
Status add_calls(grammar::Source& source, const ChatRequest& request) {
  std::string bodies;
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const auto& function = request.tools[i].at("function").as_object();
    const auto name = text_at(function, "name");
    if (request.tool_choice == ToolChoice::named && name != request.tool_name) continue;
    WRIT_TRY(auto schema,
             grammar::enforced_schema(function.at("parameters"), fmt::format("/tools/{}/function/parameters", i)));
    bodies += fmt::format(R"({}"{{\"name\":\"{}\",\"arguments\":" @schema{} "}}{}")", bodies.empty() ? "" : "\n | ",
                          name, source.schemas.size(), call_end);
    source.schemas.push_back(std::move(schema));
  }
  source.rules += "call: " + bodies + "\n";
  source.rules += request.parallel == ParallelCalls::refused ? "calls: call\n"
                                                             : fmt::format("calls: call (\"{}\" call)*\n", call_begin);
  return {};
}

Result<std::optional<grammar::Source>> build(const ChatRequest& request) {
  const bool forced = request.tool_choice == ToolChoice::required || request.tool_choice == ToolChoice::named;
  const bool may_call = !request.tools.empty() && request.tool_choice != ToolChoice::none;
  grammar::Source source;
  if (!may_call && request.json_schema) {
    WRIT_TRY(auto schema, grammar::enforced_schema(*request.json_schema, "/json_schema"));
    return grammar::Source::json(std::move(schema));
  }
  if (request.tools.empty()) return std::nullopt;
  if (may_call) WRIT_CHECK(add_calls(source, request));
  if (forced) {
    source.rules += fmt::format("start: \"{}\" calls\n", call_begin);
  } else if (request.json_schema) {
    source.rules += fmt::format("start: @schema{} | \"{}\" calls\n", source.schemas.size(), call_begin);
    WRIT_TRY(auto schema, grammar::enforced_schema(*request.json_schema, "/json_schema"));
    source.schemas.push_back(std::move(schema));
  } else {
    source.rules += text_rules() + (may_call ? "start: TEXT? | text_call calls\n" : "start: TEXT?\n");
  }
  return source;
}

}  // namespace

Error as_request_error(Error error) {
  if (error.code != "unsupported_schema") return error;
  const bool of_tool = !error.problems.empty() && error.problems.front().pointer.starts_with("/tools/");
  error.code = of_tool ? "bad_tools" : "bad_json_schema";
  return error;
}

Result<grammar::Source> json_grammar(const json::value& schema) {
  auto enforced = grammar::enforced_schema(schema, "/json_schema");
  if (!enforced) return fail(as_request_error(std::move(enforced).error()));
  return grammar::Source::json(std::move(*enforced));
}

Result<std::optional<grammar::Source>> tagged_grammar(const ChatRequest& request) {
  auto source = build(request);
  if (!source) return fail(as_request_error(std::move(source).error()));
  return source;
}

}  // namespace writ::llama
