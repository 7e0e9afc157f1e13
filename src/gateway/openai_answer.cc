#include "gateway/openai_answer.h"

#include "gateway/openai_request.h"
#include "http/problem.h"
#include "http/sse.h"

namespace writ::gateway::openai {
namespace {

constexpr std::string_view done_mark = "[DONE]";

json::object object_of(const CompletionHead& head, std::string_view kind, json::array choices) {
  return {{"id", head.id},
          {"object", kind},
          {"created", head.created},
          {"model", head.model},
          {"system_fingerprint", head.fingerprint},
          {"choices", std::move(choices)}};
}

json::object usage_of(const slm::Usage& usage) {
  return {{"prompt_tokens", usage.prompt.value},
          {"completion_tokens", usage.completion.value},
          {"total_tokens", (usage.prompt + usage.completion).value}};
}

json::object call_of(const slm::ToolCall& call) {
  return {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

std::string data_line(const json::object& document) { return http::format_event({}, {}, to_text(document)); }

}  // namespace

json::object completion(const CompletionHead& head, const governed::ChatItem::End& end) {
  json::object message{{"role", "assistant"}, {"content", end.text}, {"refusal", nullptr}};
  if (end.denied) message["refusal"] = end.reason;
  if (!end.tool_calls.empty()) {
    if (end.text.empty()) message["content"] = nullptr;
    json::array calls;
    for (const auto& call : end.tool_calls) calls.push_back(call_of(call));
    message["tool_calls"] = std::move(calls);
  }
  json::object choice{{"index", 0},
                      {"message", std::move(message)},
                      {"logprobs", nullptr},
                      {"finish_reason", schema::name_of(end.finish)}};
  json::array choices;
  choices.push_back(std::move(choice));
  auto out = object_of(head, "chat.completion", std::move(choices));
  out["usage"] = usage_of(end.usage);
  return out;
}

std::string ChunkStream::chunk(json::object delta, json::value finish) const {
  json::object choice{
      {"index", 0}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", std::move(finish)}};
  json::array choices;
  choices.push_back(std::move(choice));
  auto out = object_of(head_, "chat.completion.chunk", std::move(choices));
  if (include_usage_) out["usage"] = nullptr;
  return data_line(out);
}

std::string ChunkStream::usage_chunk(const slm::Usage& usage) const {
  auto out = object_of(head_, "chat.completion.chunk", {});
  out["usage"] = usage_of(usage);
  return data_line(out);
}

std::string ChunkStream::first() {
  stage_ = Stage::content;
  return chunk({{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}});
}

std::string ChunkStream::last(const governed::ChatItem::End& end) {
  stage_ = Stage::ended;
  items_.reset();
  std::string out;
  if (!end.tool_calls.empty()) {
    json::array calls;
    for (const auto& call : end.tool_calls) {
      auto one = call_of(call);
      one["index"] = calls.size();
      calls.push_back(std::move(one));
    }
    out += chunk({{"tool_calls", std::move(calls)}});
  }
  json::object delta;
  if (end.denied) delta["refusal"] = end.reason;
  out += chunk(std::move(delta), json::value(schema::name_of(end.finish)));
  if (include_usage_) out += usage_chunk(end.usage);
  out += http::format_event({}, {}, done_mark);
  probe_.completed(Mode::stream, end.finish);
  return out;
}

std::string ChunkStream::break_off(Error error) {
  stage_ = Stage::failed;
  items_.reset();
  error_ = as_openai(std::move(error));
  return data_line(http::openai_error(*error_, trace_id_));
}

std::optional<std::string> ChunkStream::sent(std::string text) const {
  probe_.streamed(text.size());
  return text;
}

Task<Result<std::optional<std::string>>> ChunkStream::next() {
  if (stage_ == Stage::ended) co_return std::optional<std::string>();
  if (stage_ == Stage::failed) {
    stage_ = Stage::ended;
    co_return fail(std::move(*error_));
  }
  if (stage_ == Stage::first) co_return sent(first());
  for (;;) {
    auto item = co_await items_->next();
    if (!item) co_return sent(break_off(std::move(item).error()));
    if (!*item) co_return sent(break_off(internal("a governed chat ended without its end", "openai_answer")));
    std::string out;
    if (!(*item)->text.empty()) out = chunk({{"content", (*item)->text}});
    if ((*item)->end) out += last(*(*item)->end);
    if (!out.empty()) co_return sent(std::move(out));
  }
}

}  // namespace writ::gateway::openai
