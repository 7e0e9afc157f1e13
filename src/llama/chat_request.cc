#include "llama/chat_request.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "llama/native_syntax.h"

namespace writ::llama {
namespace {

using Problems = std::vector<Problem>;

constexpr std::size_t tool_name_max = 64;  // bytes, OpenAI's limit

bool is_tool_name(std::string_view name) {
  return !name.empty() && name.size() <= tool_name_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// Text parts are joined here, before special tokens are looked for: a template cannot bring one together out of two parts.
std::string content_text(const json::object& message, const std::string& at, Problems& problems) {
  const auto* content = message.if_contains("content");
  if (content == nullptr || content->is_null()) return {};
  if (const auto* text = content->if_string()) return std::string(view(*text));
  const auto* parts = content->if_array();
  if (parts == nullptr) {
    problems.push_back({pointer_to(at, "content"), "must be text, a list of parts or null"});
    return {};
  }
  std::string joined;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const auto* part = (*parts)[i].if_object();
    if (part == nullptr || text_at(*part, "type") != "text" || !part->contains("text") ||
        !part->at("text").is_string()) {
      problems.push_back({pointer_to(pointer_to(at, "content"), std::to_string(i)), "only text parts are supported"});
      continue;
    }
    if (i > 0) joined += '\n';
    joined += text_at(*part, "text");
  }
  return joined;
}

/// "" when they are no JSON object.
std::string arguments_text(const json::object& function) {
  const auto* arguments = function.if_contains("arguments");
  if (arguments == nullptr) return {};
  if (arguments->is_object()) return compact_json(to_text(*arguments));
  const auto* text = arguments->if_string();
  if (text == nullptr) return {};
  const auto parsed = parse_json(view(*text));
  if (!parsed || !parsed->is_object()) return {};
  return compact_json(std::string(view(*text)));
}

json::array checked_calls(const json::value& calls, const std::string& at, Problems& problems) {
  const auto* list = calls.if_array();
  if (list == nullptr) {
    problems.push_back({at, "must be a list of calls"});
    return {};
  }
  json::array checked;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto here = pointer_to(at, std::to_string(i));
    const auto* call = (*list)[i].if_object();
    const auto* function = call == nullptr ? nullptr : call->if_contains("function");
    if (function == nullptr || !function->is_object() || !is_tool_name(text_at(function->get_object(), "name"))) {
      problems.push_back({here, "must hold a function with a name"});
      continue;
    }
    auto arguments = arguments_text(function->get_object());
    if (arguments.empty()) problems.push_back({here + "/function/arguments", "must be the JSON text of an object"});
    checked.push_back(json::object{
        {"id", text_at(*call, "id")},
        {"type", "function"},
        {"function", json::object{{"name", text_at(function->get_object(), "name")}, {"arguments", arguments}}}});
  }
  return checked;
}

json::value checked_message(const json::value& value, const std::string& at, Problems& problems) {
  const auto* message = value.if_object();
  if (message == nullptr) {
    problems.push_back({at, "must be an object"});
    return {};
  }
  auto role = text_at(*message, "role");
  if (role == "developer") role = "system";
  constexpr std::array<std::string_view, 4> roles{"system", "user", "assistant", "tool"};
  if (std::ranges::find(roles, role) == roles.end()) {
    problems.push_back({pointer_to(at, "role"), "must be system, developer, user, assistant or tool"});
  }
  json::object checked{{"role", role}, {"content", content_text(*message, at, problems)}};
  const auto* calls = message->if_contains("tool_calls");
  if (calls != nullptr && !calls->is_null()) {
    auto list = checked_calls(*calls, pointer_to(at, "tool_calls"), problems);
    if (!list.empty()) checked["tool_calls"] = std::move(list);
  }
  for (const auto* key : {"tool_call_id", "name"}) {
    if (const auto text = text_at(*message, key); !text.empty()) checked[key] = text;
  }
  return checked;
}

json::value checked_tool(const json::value& value, const std::string& at, std::set<std::string>& names,
                         Problems& problems) {
  const auto* tool = value.if_object();
  const auto* function = tool == nullptr ? nullptr : tool->if_contains("function");
  if (function == nullptr || !function->is_object() || text_at(*tool, "type") != "function") {
    problems.push_back({at, "must be {type: \"function\", function: {…}}"});
    return {};
  }
  const auto& given = function->get_object();
  const auto name = text_at(given, "name");
  if (!is_tool_name(name)) {
    problems.push_back({at + "/function/name", "must be 1 to 64 letters, digits, _ or -"});
  } else if (!names.emplace(name).second) {
    problems.push_back({at + "/function/name", "is the name of two tools"});
  }
  json::object parameters{{"type", "object"}, {"properties", json::object{}}};
  if (const auto* schema = given.if_contains("parameters"); schema != nullptr && !schema->is_null()) {
    if (!schema->is_object()) {
      problems.push_back({at + "/function/parameters", "must be a JSON Schema object"});
    } else if (!schema->get_object().empty()) {
      parameters = schema->get_object();
      if (!parameters.contains("type")) parameters["type"] = "object";
      if (text_at(parameters, "type") != "object") {
        problems.push_back({at + "/function/parameters/type", "must be \"object\""});
      }
    }
  }
  return json::object{{"type", "function"},
                      {"function", json::object{{"name", name},
                                                {"description", text_at(given, "description")},
                                                {"parameters", std::move(parameters)}}}};
}

}  // namespace

Result<ChatRequest> checked_request(const ChatRequest& request) {
  ChatRequest checked;
  checked.tool_choice = request.tool_choice;
  checked.tool_name = request.tool_name;
  checked.parallel = request.parallel;
  checked.json_schema = request.json_schema;
  checked.end = request.end;

  Problems problems;
  if (request.messages.empty()) problems.push_back({"/messages", "must hold at least one message"});
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    checked.messages.push_back(checked_message(request.messages[i], "/messages/" + std::to_string(i), problems));
  }
  if (!problems.empty()) return fail(invalid("bad_messages", "the messages are not valid", std::move(problems)));

  std::set<std::string> names;
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    checked.tools.push_back(checked_tool(request.tools[i], "/tools/" + std::to_string(i), names, problems));
  }
  if (!problems.empty()) return fail(invalid("bad_tools", "the tools are not valid", std::move(problems)));

  if (request.tool_choice == ToolChoice::required && names.empty()) {
    return fail(
        invalid("unknown_tool", "tool_choice is required, but there are no tools", {{"/tool_choice", "needs tools"}}));
  }
  if (request.tool_choice == ToolChoice::named && !names.contains(request.tool_name)) {
    return fail(invalid("unknown_tool", "tool_choice names no tool of the request",
                        {{"/tool_choice/function/name", "is none of the tools"}}));
  }
  return checked;
}

}  // namespace writ::llama
