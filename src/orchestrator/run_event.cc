#include "orchestrator/run_event.h"

#include <utility>

namespace writ::orchestrator {
namespace {

// In the order of EventData.
constexpr std::array<std::string_view, std::variant_size_v<EventData>> type_names{
    "run_started",      "decided",          "step_started",    "step_restarted",     "model_output",
    "tool_result",      "review_requested", "review_answered", "waiting_dependency", "resumed",
    "cancel_requested", "run_finished",     "tool_returned",   "context_trimmed"};

template <std::size_t I = 0>
Result<EventData> decode_as(std::size_t index, const json::value& data) {
  if constexpr (I < std::variant_size_v<EventData>) {
    if (I != index) return decode_as<I + 1>(index, data);
    auto decoded = schema::decode<std::variant_alternative_t<I, EventData>>(data, {.unknown = schema::Unknown::ignore});
    if (!decoded) return fail(internal("a stored event does not match its schema", std::string(type_names[I])));
    return EventData(std::move(*decoded));
  } else {
    return fail(internal("no such event type", "run_event"));
  }
}

}  // namespace

std::string_view type_of(const EventData& data) { return type_names.at(data.index()); }

json::object encode_event(const EventData& data) {
  return std::visit([](const auto& event) { return schema::encode(event).as_object(); }, data);
}

Result<EventData> decode_event(std::string_view type, std::int64_t v, const json::value& data) {
  if (v != event_version)
    return fail(internal("an event of version " + std::to_string(v) + " is newer than this binary", std::string(type)));
  for (std::size_t i = 0; i < type_names.size(); ++i)
    if (type_names.at(i) == type) return decode_as(i, data);
  return fail(internal("an event of unknown type " + std::string(type), "run_event"));
}

}  // namespace writ::orchestrator
