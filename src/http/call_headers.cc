#include "http/call_headers.h"

#include <algorithm>
#include <charconv>

#include "observability/span.h"

namespace writ::http {
namespace {

constexpr std::size_t request_id_max = 128;       // bytes; a UUID has 36
constexpr std::size_t idempotency_key_max = 255;  // bytes, as the IETF draft and Stripe have it

bool visible(char c) { return c > ' ' && c < 0x7F; }
bool id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == ':';
}

}  // namespace

std::optional<Millis> parse_timeout(std::string_view text) {
  constexpr std::int64_t day = 24LL * 60 * 60 * 1000;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "s" && number <= day / 1000) return Millis(number * 1000);
  if (unit == "ms" && number <= day) return Millis(number);
  return std::nullopt;
}

std::string format_timeout(Millis timeout) { return std::to_string(std::max<std::int64_t>(timeout.count(), 0)) + "ms"; }

ReadCallHeaders read_call_headers(const RequestHead& head) {
  ReadCallHeaders out;
  auto& [headers, problems] = out;
  if (auto trace = observability::parse_traceparent(head.header("traceparent"))) headers.trace = *std::move(trace);
  else headers.trace.trace_id = observability::new_trace().trace_id;

  const auto id = head.header("X-Request-ID");
  headers.request_id = headers.trace.trace_id;
  if (!id.empty()) {
    if (id.size() <= request_id_max && std::ranges::all_of(id, id_character)) headers.request_id = id;
    else problems.push_back({"", "X-Request-ID: at most 128 letters, digits and - _ . :"});
  }
  if (const auto text = head.header("Writ-Timeout"); !text.empty()) {
    headers.timeout = parse_timeout(text);
    if (!headers.timeout)
      problems.push_back({"", "Writ-Timeout: a whole number of ms or s, at most a day, such as 1250ms"});
  }
  const auto key = head.header("Idempotency-Key");
  if (key.size() <= idempotency_key_max && std::ranges::all_of(key, visible)) headers.idempotency_key = key;
  else problems.push_back({"", "Idempotency-Key: at most 255 visible ASCII characters"});
  return out;
}

}  // namespace writ::http
