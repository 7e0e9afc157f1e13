#include "llama/tool_call_parser.h"

#include <algorithm>
#include <utility>

#include "core/json.h"
#include "llama/native_syntax.h"
#include "llama/output_text.h"

namespace writ::llama {
namespace {

Error malformed(std::string message) { return invalid("malformed_tool_call", "tool call: " + std::move(message)); }

Result<ToolCall> parse_call(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) return fail(malformed(parsed.error().message));
  const auto* call = parsed->if_object();
  if (call == nullptr) return fail(malformed("not an object"));
  const auto name = text_at(*call, "name");
  if (name.empty()) return fail(malformed("it has no name"));
  const auto* arguments = call->if_contains("arguments");
  if (arguments == nullptr || !arguments->is_object()) return fail(malformed("its arguments are no object"));
  return ToolCall{std::string(name), compact_json(to_text(*arguments))};
}

}  // namespace

std::string TaggedScanner::feed(std::string_view piece) {
  pending_ += piece;
  std::string text;
  for (;;) {
    if (in_call_) {
      if (!advance_call()) return text;
      continue;
    }
    const auto begin = pending_.find(call_begin);
    if (begin == std::string::npos) {
      const auto ready = pending_.size() - suffix_beginning(pending_, call_begin);
      text.append(pending_, 0, ready);
      pending_.erase(0, ready);
      return text;
    }
    text.append(pending_, 0, begin);
    pending_.erase(0, begin + call_begin.size());
    in_call_ = true;
    in_string_ = escaped_ = false;
    scanned_ = 0;
  }
}

bool TaggedScanner::advance_call() {
  for (; scanned_ < pending_.size(); ++scanned_) {
    const char c = pending_[scanned_];
    if (in_string_) {
      if (escaped_) escaped_ = false;
      else if (c == '\\') escaped_ = true;
      else if (c == '"') in_string_ = false;
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '<') {  // outside strings JSON has no '<': only the end marker can begin here
      const auto rest = std::string_view(pending_).substr(scanned_);
      if (rest.starts_with(call_end)) {
        calls_.push_back(pending_.substr(0, scanned_));
        pending_.erase(0, scanned_ + call_end.size());
        in_call_ = false;
        return true;
      }
      if (call_end.starts_with(rest)) return false;
    }
  }
  return false;
}

ToolCallParser::ToolCallParser(const RenderedChat& chat)
    : format_(chat.answer), limit_(chat.calls), native_(chat.native) {}
ToolCallParser::ToolCallParser(ToolCallParser&&) noexcept = default;
ToolCallParser& ToolCallParser::operator=(ToolCallParser&&) noexcept = default;
ToolCallParser::~ToolCallParser() = default;

std::string ToolCallParser::feed(std::string_view piece) {
  switch (format_) {
    case AnswerFormat::text: return std::string(piece);
    case AnswerFormat::tagged: return scanner_.feed(piece);
    case AnswerFormat::native: return feed_native(piece);
  }
  std::unreachable();
}

Result<Answer> ToolCallParser::finish() {
  if (format_ == AnswerFormat::text) return Answer{};
  if (format_ == AnswerFormat::native) return finish_native();
  if (scanner_.in_call()) return fail(malformed("the answer ended inside it"));
  Answer answer{std::string(scanner_.held()), {}};
  for (const auto& text : scanner_.calls()) {
    WRIT_TRY(auto call, parse_call(text));
    answer.calls.push_back(std::move(call));
    if (limit_ == CallLimit::one) break;
  }
  return answer;
}

std::string ToolCallParser::feed_native(std::string_view piece) {
  answer_ += piece;
  // An unfinished answer that cannot be parsed yet shows nothing; the end of the answer reports what is really wrong.
  const auto parsed = parse_native(*native_, answer_, NativeInput::partial);
  if (!parsed || parsed->text.size() <= shown_) return {};
  return parsed->text.substr(std::exchange(shown_, parsed->text.size()));
}

Result<Answer> ToolCallParser::finish_native() const {
  auto parsed = parse_native(*native_, answer_, NativeInput::complete);
  if (!parsed) return fail(malformed(parsed.error().message));
  parsed->text.erase(0, std::min(shown_, parsed->text.size()));
  // A template without a grammar for its calls may be answered with more than were permitted.
  if (limit_ == CallLimit::one && parsed->calls.size() > 1) parsed->calls.resize(1);
  return parsed;
}

}  // namespace writ::llama
