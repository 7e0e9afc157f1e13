// Splits an answer, as it arrives, into text that may be shown and tool calls.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "llama/chat.h"

namespace writ::llama {

inline constexpr std::string_view call_begin = "<tool_call>";
inline constexpr std::string_view call_end = "</tool_call>";

struct ToolCall {
  std::string name;
  std::string arguments;  // JSON text of an object
  bool operator==(const ToolCall&) const = default;
};

struct Answer {
  std::string text;  // what feed() has not returned yet
  std::vector<ToolCall> calls;
};

/// Finds tagged calls in a stream. A marker inside a JSON string of a call does not count.
class TaggedScanner {
 public:
  /// Returns the text outside calls that cannot be the beginning of a marker.
  std::string feed(std::string_view piece);
  /// The JSON texts between complete pairs of markers, in order.
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }
  /// Text held back because it may be the beginning of a marker; "" inside a call.
  [[nodiscard]] std::string_view held() const { return in_call_ ? std::string_view{} : std::string_view{pending_}; }
  [[nodiscard]] bool in_call() const { return in_call_; }

 private:
  bool advance_call();  // true when the call in pending_ is complete

  std::string pending_;
  std::vector<std::string> calls_;
  std::size_t scanned_ = 0;  // bytes of pending_ that the JSON scan has seen
  bool in_call_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// One per answer. Thread: one at a time.
class ToolCallParser {
 public:
  /// Reads answers to this rendered request (a request without tools: all is text).
  explicit ToolCallParser(const RenderedChat& chat);
  ToolCallParser(ToolCallParser&&) noexcept;
  ToolCallParser& operator=(ToolCallParser&&) noexcept;
  ~ToolCallParser();

  /// Takes the next piece of the answer (whole UTF-8 characters); returns the text to show, never a part of a marker.
  [[nodiscard]] std::string feed(std::string_view piece);
  /// At the end of the answer. Errors: invalid (malformed_tool_call): an unfinished call, no JSON, no name, arguments that
  /// are no object.
  [[nodiscard]] Result<Answer> finish();

 private:
  [[nodiscard]] std::string feed_native(std::string_view piece);
  [[nodiscard]] Result<Answer> finish_native() const;

  AnswerFormat format_;
  CallLimit limit_;
  TaggedScanner scanner_;
  std::shared_ptr<const NativeSyntax> native_;  // shared with the RenderedChat it came from
  std::string answer_;  // native: all that came so far
  std::size_t shown_ = 0;  // native: bytes of its text that feed() has returned
};

}  // namespace writ::llama
