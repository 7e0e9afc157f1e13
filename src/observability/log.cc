#include "observability/log.h"

#include <array>

#include "core/encoding.h"
#include "core/json.h"
#include "core/printable.h"
#include "observability/line_queue.h"

namespace writ::observability {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warn", "error"};
constexpr std::size_t text_max = 4096;  // bytes of one text field: a log line is not a place for documents

json::value to_json(const LogValue& value) {
  if (const auto* text = std::get_if<std::string_view>(&value.value())) {
    const auto kept = text->substr(0, utf8_complete_prefix(text->substr(0, text_max)));
    if (!is_utf8(kept)) return json::value("hex:" + to_hex(text->substr(0, text_max / 2)));
    return json::value(kept);
  }
  if (const auto* flag = std::get_if<bool>(&value.value())) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value.value())) return *number;
  return std::get<double>(value.value());
}

}  // namespace

std::string_view to_string(Level level) { return level_names.at(static_cast<std::size_t>(level)); }

std::optional<Level> level_named(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name) return static_cast<Level>(i);
  return std::nullopt;
}

LineWriter stderr_writer() {
  return [](std::string_view line) { stderr_lines().push(line); };
}

Logger::Logger(std::string service, Level least, LineWriter writer, const Clock& clock)
    : service_(std::move(service)), least_(least), writer_(std::move(writer)), clock_(&clock) {}

Logger Logger::named(std::string service) const { return {std::move(service), least_, writer_, *clock_}; }

void Logger::failed(std::string_view event, const Error& error, Fields fields, const Trace& trace) const {
  write(level_named(writ::info(error.kind).log_level).value_or(Level::error), event, fields, trace, &error);
}

void Logger::write(Level level, std::string_view event, Fields fields, const Trace& trace, const Error* error) const {
  if (!writes(level)) return;
  json::object line;
  line["ts"] = to_rfc3339(clock_->now());
  line["level"] = to_string(level);
  line["service"] = service_;
  line["event"] = event;
  for (const auto& field : fields) line[field.key] = to_json(field.value);
  if (error != nullptr) {
    line["kind"] = writ::info(error->kind).label;
    line["code"] = error->code;
    line["message"] = to_json(error->message);
    if (!error->where.empty()) line["where"] = error->where;
    line["outcome"] = to_string(error->outcome);
  }
  if (!trace.trace_id.empty()) {
    line["trace_id"] = trace.trace_id;
    line["span_id"] = trace.span_id;
  }
  writer_(printable_json(to_text(line)) + "\n");
}

}  // namespace writ::observability
