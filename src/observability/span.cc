#include "observability/span.h"

#include <algorithm>
#include <array>

#include "core/encoding.h"

namespace writ::observability {
namespace {

constexpr std::size_t trace_bytes = 16, span_bytes = 8;  // W3C trace context

template <std::size_t size>
std::string random_hex(Random& random) {
  std::array<std::uint8_t, size> bytes{};
  random.fill(bytes);
  bytes[0] = static_cast<std::uint8_t>(bytes[0] | 1U);  // all zero is not a valid id
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool is_id(std::string_view text) {
  return is_lower_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

class NullSink final : public SpanSink {
 public:
  void finished(Span) override {}
};

}  // namespace

SpanSink& null_span_sink() {
  static NullSink sink;
  return sink;
}

Trace new_trace(Random& random) { return {random_hex<trace_bytes>(random), random_hex<span_bytes>(random)}; }

Trace child_of(const Trace& parent, Random& random) {
  if (parent.trace_id.empty()) return new_trace(random);
  return {parent.trace_id, random_hex<span_bytes>(random)};
}

std::optional<Trace> parse_traceparent(std::string_view header) {
  constexpr std::size_t length = 55;  // "00-" 32 "-" 16 "-" 2
  if (header.size() < length || header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  const auto version = header.substr(0, 2), flags = header.substr(53, 2);
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(flags)) return std::nullopt;
  if (version == "00" ? header.size() != length : header.size() > length && header[length] != '-') return std::nullopt;
  const auto trace_id = header.substr(3, 32), span_id = header.substr(36, 16);
  if (!is_id(trace_id) || !is_id(span_id)) return std::nullopt;
  return Trace{std::string(trace_id), std::string(span_id)};
}

std::string format_traceparent(const Trace& trace) {
  if (trace.trace_id.empty() || trace.span_id.empty()) return {};
  return "00-" + trace.trace_id + "-" + trace.span_id + "-01";
}

}  // namespace writ::observability
