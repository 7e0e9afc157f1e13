#include "http/sse.h"

#include <utility>

namespace writ::http {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

Error too_big() {
  Error e;
  e.kind = ErrorKind::too_large;
  e.code = "event_too_large";
  e.message = "a server-sent event is larger than the limit";
  return e;
}

}  // namespace

std::string format_event(std::string_view event, std::optional<std::int64_t> id, std::string_view data) {
  std::string out;
  out.reserve(data.size() + event.size() + 40);
  if (id) out += "id: " + std::to_string(*id) + "\n";
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  for (;;) {
    const auto newline = data.find('\n');
    out.append("data: ").append(data.substr(0, newline)).append("\n");
    if (newline == std::string_view::npos) break;
    data.remove_prefix(newline + 1);
  }
  return out += '\n';
}

Result<std::vector<SseEvent>> SseParser::feed(std::string_view bytes) {
  std::vector<SseEvent> out;
  for (char c : bytes) {
    if (std::exchange(after_cr_, false) && c == '\n') continue;
    if (c == '\n' || c == '\r') {
      after_cr_ = c == '\r';
      take_line(out);
      continue;
    }
    line_ += c;
    if (at_start_ && line_.size() == byte_order_mark.size()) {
      if (line_ == byte_order_mark) line_.clear();
      at_start_ = false;
    }
    if (line_.size() + event_.data.size() > event_max_) return fail(too_big());
  }
  return out;
}

void SseParser::take_line(std::vector<SseEvent>& out) {
  at_start_ = false;
  const auto line = std::exchange(line_, {});
  if (line.empty()) {
    if (std::exchange(has_data_, false)) out.push_back(std::move(event_));
    event_ = {};
    return;
  }
  const auto colon = line.find(':');
  if (colon == 0) return;  // a comment
  const auto name = std::string_view(line).substr(0, colon);
  auto value = colon == std::string::npos ? std::string_view() : std::string_view(line).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  }
}

}  // namespace writ::http
