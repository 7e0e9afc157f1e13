#include "evaluation/conversation.h"

#include <algorithm>
#include <utility>

#include "evaluation/compare.h"

namespace writ::evaluation {
namespace {

/// A chat completion's message.
struct Message {
  std::string content;
  std::vector<ModelCall> calls;
};

const json::object* object_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

/// Nothing where the reply is no chat completion.
std::optional<Message> message_of(const json::value& reply) {
  const auto* document = reply.if_object();
  const auto* choices = document == nullptr ? nullptr : document->if_contains("choices");
  if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return std::nullopt;
  const auto* choice = choices->get_array()[0].if_object();
  const auto* message = choice == nullptr ? nullptr : object_at(*choice, "message");
  if (message == nullptr) return std::nullopt;
  Message out{.content = std::string(text_at(*message, "content")), .calls = {}};
  const auto* calls = message->if_contains("tool_calls");
  if (calls == nullptr || calls->is_null()) return out;
  if (!calls->is_array()) return std::nullopt;
  for (const auto& value : calls->get_array()) {
    const auto* call = value.if_object();
    const auto* function = call == nullptr ? nullptr : object_at(*call, "function");
    if (function == nullptr) return std::nullopt;
    out.calls.push_back({.id = std::string(text_at(*call, "id")),
                         .name = std::string(text_at(*function, "name")),
                         .arguments = std::string(text_at(*function, "arguments"))});
  }
  return out;
}

json::object own_message(const Message& message) {
  json::array calls;
  for (const auto& call : message.calls)
    calls.push_back(json::object{{"id", call.id},
                                 {"type", "function"},
                                 {"function", json::object{{"name", call.name}, {"arguments", call.arguments}}}});
  json::object out{{"role", "assistant"}, {"content", message.content}};
  if (message.content.empty()) out["content"] = nullptr;
  out["tool_calls"] = std::move(calls);
  return out;
}

}  // namespace

Conversation::Conversation(const Case& one, const RequestForm& form) : one_(one), form_(form), messages_(one.messages) {
  outcome_.id = one.id;
  outcome_.split = one.split;
  outcome_.has_calls = std::ranges::any_of(one.steps, [](const Step& s) { return !s.calls.empty(); });
  outcome_.begins_with_call = !one.steps.front().calls.empty();
}

json::object Conversation::request() const {
  json::object out{{"messages", messages_}, {"temperature", 0}, {"max_tokens", form_.max_tokens}};
  if (!form_.model.empty()) out["model"] = form_.model;
  if (one_.tools.empty()) return out;
  out["tools"] = one_.tools;
  out["tool_choice"] = "auto";
  return out;
}

void Conversation::take(const json::value& reply) {
  const auto message = message_of(reply);
  const bool last = at_ + 1 == one_.steps.size();
  if (step().answer) outcome_.reached_answer = true;
  if (!message) return wrong("the reply is no chat completion");
  if (step().answer) {
    if (!message->calls.empty()) return wrong("expected an answer, got " + shown(message->calls));
    if (auto fault = fault_of(*step().answer, message->content); !fault.empty()) return wrong(std::move(fault));
    outcome_.answer_right = true;
  } else {
    const auto expected_of = match_calls(step().calls, message->calls);
    if (!expected_of) {
      const bool answered = message->calls.empty() && !message->content.empty();
      return wrong(expected_of.error() + (answered ? ": " + message->content : ""));
    }
    if (at_ == 0) outcome_.first_call_right = true;
    outcome_.calls_right = std::none_of(one_.steps.begin() + static_cast<std::ptrdiff_t>(at_) + 1, one_.steps.end(),
                                        [](const Step& later) { return !later.calls.empty(); });
    if (!last) {
      messages_.push_back(own_message(*message));
      for (std::size_t i = 0; i < message->calls.size(); ++i)
        messages_.push_back(json::object{
            {"role", "tool"}, {"tool_call_id", message->calls[i].id}, {"content", step().results[(*expected_of)[i]]}});
    }
  }
  if (last) {
    outcome_.case_right = true;
    ended_ = true;
  } else {
    ++at_;
  }
}

void Conversation::refuse(std::string why) {
  if (step().answer) outcome_.reached_answer = true;
  outcome_.refused = true;
  wrong(std::move(why));
}

void Conversation::wrong(std::string why) {
  outcome_.fault = std::move(why);
  outcome_.fault_step = at_ + 1;
  ended_ = true;
}

}  // namespace writ::evaluation
