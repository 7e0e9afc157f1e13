// Span: one finished piece of work within a trace, the port that takes spans away, and W3C trace context.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/context.h"

namespace writ::observability {

enum class SpanKind { internal, server, client };
enum class SpanStatus { ok, error };

struct Span {
  std::string name;     // an operation id or the name of a piece of work, never text of a request
  std::string service;
  SpanKind kind = SpanKind::internal;
  Trace trace;
  std::string parent_span_id;  // empty for the first of a trace
  WallTime start;
  std::chrono::nanoseconds duration{};
  SpanStatus status = SpanStatus::ok;
  std::vector<std::pair<std::string, std::string>> attributes;
};

/// Where finished spans go. Thread: any. Never blocks and never fails: a full sink drops and counts.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void finished(Span span) = 0;
};
/// Drops every span; lives as long as the process.
[[nodiscard]] SpanSink& null_span_sink();

/// A fresh trace with its first span.
[[nodiscard]] Trace new_trace(Random& random = identifier_random());
/// A new span in the same trace; a new trace when `parent` has none.
[[nodiscard]] Trace child_of(const Trace& parent, Random& random = identifier_random());

/// W3C trace context, `traceparent`. Nothing when it is malformed or all zero: start a new trace then. Versions above
/// 00 are read as far as 00 goes, as the standard wants.
[[nodiscard]] std::optional<Trace> parse_traceparent(std::string_view header);
/// "00-<32 hex>-<16 hex>-01"; empty when there is no trace.
[[nodiscard]] std::string format_traceparent(const Trace& trace);

}  // namespace writ::observability
