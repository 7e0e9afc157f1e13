// Server-sent events: writing one, and reading many from bytes that arrive in any pieces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace writ::http {

struct SseEvent {
  std::string event;  // "" is a plain item
  std::string id;     // "" when the event had none
  std::string data;   // lines joined by newlines
  bool operator==(const SseEvent&) const = default;
};

/// `event` empty: no event line. `data` is one line or many.
[[nodiscard]] std::string format_event(std::string_view event, std::optional<std::int64_t> id, std::string_view data);
inline constexpr std::string_view heartbeat_comment = ":\n\n";
/// The names of our last events: the end, and the error that cut the stream (its data is problem+json).
inline constexpr std::string_view end_event = "end", error_event = "error";

/// Reads a stream of events. Pure: no socket, any split of the bytes gives the same events.
class SseParser {
 public:
  /// event_max: bytes of one event, so that a peer cannot fill the memory.
  explicit SseParser(std::size_t event_max = 1U << 20U) : event_max_(event_max) {}
  /// The events that these bytes complete. Errors: too_large (event_too_large); the parser is then useless.
  [[nodiscard]] Result<std::vector<SseEvent>> feed(std::string_view bytes);

 private:
  void take_line(std::vector<SseEvent>& out);

  const std::size_t event_max_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;  // a following LF belongs to that CR
  bool at_start_ = true;   // a byte order mark may stand here
};

}  // namespace writ::http
