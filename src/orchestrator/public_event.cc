#include "orchestrator/public_event.h"

namespace writ::orchestrator {
namespace {

// JSON where it is JSON, else the text.
json::value parsed(std::string_view text) {
  auto value = parse_json(text);
  return value ? std::move(*value) : json::value(text);
}

void parse_member(json::object& data, std::string_view name) {
  if (auto* member = data.if_contains(name); member != nullptr && member->is_string())
    *member = parsed(view(member->get_string()));
}

void drop_empty(json::object& data, std::string_view name) {
  if (const auto* member = data.if_contains(name);
      member != nullptr && member->is_string() && member->get_string().empty())
    data.erase(name);
}

// Values are copied before a member is added: adding may move the others.
void usage_from(json::object& data) {
  json::object usage{{"prompt", data.at("prompt")}, {"completion", data.at("completion")}};
  if (const auto* cut = data.if_contains("cut")) usage["cut"] = *cut;
  data.erase("cut");
  data.erase("prompt");
  data.erase("completion");
  data["usage"] = std::move(usage);
}

void shape(const RunStarted& e, json::object& data) {
  data["capsule"] = e.capsule + "@" + std::to_string(e.capsule_version);
  data.erase("capsule_version");
  data.erase("reducer_version");
  for (const auto* provenance : {"scopes", "credential", "act"}) data.erase(provenance);
}
void shape(const Decided&, json::object& data) { drop_empty(data, "call_id"); }
void shape(const StepStarted&, json::object& data) {
  drop_empty(data, "call_id");
  drop_empty(data, "tool");
  data.erase("once");
  parse_member(data, "arguments");
}
void shape(const StepRestarted&, json::object& data) { drop_empty(data, "call_id"); }
void shape(const ModelOutput& e, json::object& data) {
  if (!e.denied) {
    data.erase("denied");
    data.erase("reason");
  }
  for (auto& call : data.at("tool_calls").as_array()) parse_member(call.as_object(), "arguments");
  usage_from(data);
}
// Not judged yet: only that it came.
void shape(const ToolReturned&, json::object& data) { data.erase("result"); }
void shape(const ToolResult& e, json::object& data) {
  parse_member(data, "result");
  if (e.outcome == "result") return;
  auto error = data.at("result");
  data.erase("result");
  data["error"] = std::move(error);
}
void shape(const ReviewRequested&, json::object& data) {
  drop_empty(data, "call_id");
  drop_empty(data, "rule");
  drop_empty(data, "tool");
  parse_member(data, "arguments");
}
void shape(const ReviewAnswered&, json::object& data) {
  drop_empty(data, "decision_id");
  drop_empty(data, "argument_hash");
  drop_empty(data, "note");
  parse_member(data, "arguments");
  data.erase("result");  // a person's: tool_result shows it once it is judged
}
void shape(const RunFinished&, json::object& data) {
  drop_empty(data, "reason");
  usage_from(data);
}
void shape(const ContextTrimmed&, json::object&) {}
void shape(const WaitingDependency&, json::object&) {}
void shape(const Resumed&, json::object&) {}
void shape(const CancelRequested&, json::object&) {}

}  // namespace

RunEvent public_event(const Event& event, bool erased) {
  RunEvent out{.type = std::string(type_of(event.data)),
               .v = event_version,
               .seq = event.seq,
               .at = event.at,
               .data = encode_event(event.data)};
  std::visit([&](const auto& e) { shape(e, out.data); }, event.data);
  if (erased) out.data["erased"] = true;
  return out;
}

RunEvent public_delta(std::int64_t step, std::int64_t attempt, std::size_t offset, std::string_view text, WallTime at) {
  return {.type = "delta",
          .v = event_version,
          .seq = std::nullopt,
          .at = at,
          .data = {{"step", step}, {"attempt", attempt}, {"offset", offset}, {"text", text}}};
}

}  // namespace writ::orchestrator
