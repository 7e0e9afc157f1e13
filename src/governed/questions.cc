#include "governed/questions.h"

#include <fmt/format.h>

#include "policy/api/grant.h"

namespace writ::governed {
namespace {

json::object facts_of(const Actor& actor) {
  json::object out;
  if (actor.capsule)
    out["capsule"] = {
        {"name", actor.capsule->name}, {"version", actor.capsule->version}, {"hash", actor.capsule->hash}};
  if (actor.run) out["run"] = {{"id", actor.run->run_id}, {"step", actor.run->step}, {"attempt", actor.run->attempt}};
  if (!actor.approvals.empty()) out["approvals"] = actor.approvals;
  return out;
}

/// Parts of a content, each on a line of its own.
struct Words {
  std::string text;
  std::vector<std::int64_t> breaks;  // between two parts: EvaluateRequest::breaks

  void add(std::string_view part) {
    if (part.empty()) return;
    if (!text.empty()) breaks.push_back(static_cast<std::int64_t>(text.size()) - 1);
    (text += part) += '\n';
  }
};

// Text, or a list of text parts.
void add_content(Words& words, const json::object& message) {
  words.add(text_at(message, "content"));
  const auto* content = message.if_contains("content");
  if (content == nullptr || !content->is_array()) return;
  for (const auto& part : content->get_array())
    if (const auto* object = part.if_object()) words.add(text_at(*object, "text"));
}

// What goes to the model: in a run, what people and tools wrote, for the model's own words were scanned when they were
// made. A direct call's messages, tools and schemas are all the client's.
Words words_of(const slm::Prompt& prompt, const Actor& actor) {
  Words out;
  for (const auto& message : prompt.messages) {
    const auto* object = message.if_object();
    if (object == nullptr || (actor.run && text_at(*object, "role") == "assistant")) continue;
    add_content(out, *object);
    if (actor.run) continue;
    if (const auto* calls = object->if_contains("tool_calls")) out.add(to_text(*calls));
    // A template may show them.
    out.add(text_at(*object, "tool_call_id"));
    out.add(text_at(*object, "name"));
  }
  if (actor.run) return out;
  if (!prompt.tools.empty()) out.add(to_text(prompt.tools));
  if (prompt.response_schema) out.add(to_text(*prompt.response_schema));
  return out;
}

// None for one part, so that a question is written as it always was.
std::optional<std::vector<std::int64_t>> given(std::vector<std::int64_t> breaks) {
  if (breaks.empty()) return std::nullopt;
  return breaks;
}

// What the model wrote, as JSON where it is JSON.
json::value arguments_of(const slm::ToolCall& call) {
  auto parsed = parse_json(call.arguments);
  return parsed ? std::move(*parsed) : json::value(call.arguments);
}

json::object tool_facts(const Actor& actor, const tools::ToolInfo& tool) {
  auto facts = facts_of(actor);
  facts["tool"] = {{"name", tool.name}, {"effect", schema::name_of(tool.effect)}};
  return facts;
}

}  // namespace

std::string question_id(std::string_view request_id, policy::Action action, int n) {
  return fmt::format("{}/{}/{}", request_id, schema::name_of(action), n);
}

policy::EvaluateRequest ask_start(std::string_view request_id, const Actor& actor, std::string_view model, int asked) {
  auto facts = facts_of(actor);
  if (!model.empty()) facts["model"] = model;
  return {.request_id = question_id(request_id, policy::Action::run_start, asked),
          .action = policy::Action::run_start,
          .resource = {"Capsule", actor.capsule ? actor.capsule->name : ""},
          .context = facts,
          .request_hash = policy::request_hash(
              json::value{{"capsule", actor.capsule ? facts.at("capsule") : json::value(nullptr)}, {"model", model}})};
}

policy::EvaluateRequest ask_model_call(const ChatCall& call, std::string_view model, Tokens counted) {
  auto facts = facts_of(call.actor);
  facts["max_tokens"] = call.prompt.max_tokens;
  json::array names;
  for (const auto& tool : call.prompt.tools)
    if (const auto* function = tool.is_object() ? tool.get_object().if_contains("function") : nullptr;
        function != nullptr && function->is_object())
      names.push_back(json::value(text_at(function->get_object(), "name")));
  facts["tools"] = std::move(names);
  auto words = words_of(call.prompt, call.actor);
  return {.request_id = question_id(call.request_id, policy::Action::model_call, 0),
          .action = policy::Action::model_call,
          .resource = {"Model", std::string(model)},
          .context = std::move(facts),
          .request_hash = policy::request_hash(schema::encode(call.prompt)),
          .content = std::move(words.text),
          .breaks = given(std::move(words.breaks)),
          .estimate = counted + Tokens{call.prompt.max_tokens},
          .generates = Tokens{call.prompt.max_tokens},
          .step_tokens_max = call.step_tokens_max};
}

policy::EvaluateRequest ask_model_output(const ChatCall& call, std::string_view model, const DecisionId& of,
                                         std::string text, Tokens completion, int n, std::vector<std::int64_t> breaks) {
  auto facts = facts_of(call.actor);
  facts["output_tokens"] = completion.value;
  return {.request_id = question_id(call.request_id, policy::Action::model_output, n),
          .action = policy::Action::model_output,
          .resource = {"Model", std::string(model)},
          .context = std::move(facts),
          .content = std::move(text),
          .breaks = given(std::move(breaks)),
          .of = of};
}

policy::EvaluateRequest ask_tool_call(const ToolCall& call, const tools::ToolInfo& tool) {
  return {.request_id = question_id(call.request_id, policy::Action::tool_call, call.asked),
          .action = policy::Action::tool_call,
          .resource = {"Tool", tool.name},
          .context = tool_facts(call.actor, tool),
          .request_hash = policy::tool_request_hash(tool.name, arguments_of(call.call)),
          .content = call.call.arguments};
}

policy::EvaluateRequest ask_tool_result(const ToolCall& call, const tools::ToolInfo& tool, const json::value& result) {
  auto facts = tool_facts(call.actor, tool);
  auto text = to_text(result);
  facts["result_bytes"] = text.size();
  return {.request_id = question_id(call.request_id, policy::Action::tool_result, call.asked),
          .action = policy::Action::tool_result,
          .resource = {"Tool", tool.name},
          .context = std::move(facts),
          .content = std::move(text)};
}

std::string reason_of(const policy::Decision& decision) {
  return decision.reasons.empty() ? "no rule permits it" : decision.reasons.front().message;
}

}  // namespace writ::governed
