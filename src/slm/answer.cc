#include "slm/answer.h"

#include <utility>

namespace writ::slm {
namespace {

/// A tool call is generated unseen; its reader is told at least so often how many tokens it has cost.
constexpr std::int32_t silent_tokens_max = 16;

AnswerEnd end_of(const Error& error) {
  if (error.kind == ErrorKind::cancelled) return AnswerEnd::cancelled;
  return error.kind == ErrorKind::deadline ? AnswerEnd::deadline : AnswerEnd::error;
}

AnswerEnd end_of(FinishReason reason) {
  if (reason == FinishReason::tool_calls) return AnswerEnd::tool_calls;
  return reason == FinishReason::length ? AnswerEnd::length : AnswerEnd::stop;
}

}  // namespace

std::optional<Error> Answer::given_up(SteadyTime now) const {
  if (request_.out.consumer_gone().stop_requested() || request_.ctx.cancel.stop_requested()) return cancelled("slm");
  if (now >= request_.ctx.deadline) return deadline_exceeded("slm");
  return std::nullopt;
}

llama::Sequence Answer::take_sequence(llama::SequenceId id) {
  request_.sequence.id = id;
  return std::move(request_.sequence);
}

void Answer::started(std::int32_t reused, SteadyTime now) {
  started_ = now;
  probe_->started(now - request_.arrived, prompt_, reused);
}

bool Answer::take(llama::Event event, SteadyTime now, WallTime wall) {
  if (event.tokens > 0) {
    if (completion_.value == 0) {
      first_token_ = now;
      probe_->first_token(now - request_.arrived);
    }
    last_token_ = now;
    completion_ += Tokens{event.tokens};
    silent_tokens_ += event.tokens;
    probe_->generated(event.tokens);
  }
  if (event.error) {
    end_with(std::move(*event.error), now);
    return true;
  }
  raw_ += event.text;
  auto text = request_.parser.feed(event.text);
  if (event.finished) {
    finish(*event.finished, std::move(text), now, wall);
    return true;
  }
  if (!text.empty() || silent_tokens_ >= silent_tokens_max) push({.text = std::move(text), .usage = usage()});
  return false;
}

void Answer::finish(llama::FinishReason reason, std::string text, SteadyTime now, WallTime wall) {
  ChatEvent last{.text = std::move(text), .usage = usage()};
  const bool cut = reason == llama::FinishReason::length;
  last.finish = cut ? FinishReason::length : FinishReason::stop;
  if (auto rest = request_.parser.finish()) {
    last.text += rest->text;
    for (auto& call : rest->calls)
      last.tool_calls.push_back({.id = make_id<CallId>(wall, *random_).str(),
                                 .name = std::move(call.name),
                                 .arguments = std::move(call.arguments)});
    if (!last.tool_calls.empty()) last.finish = FinishReason::tool_calls;
  } else if (!cut) {
    // The model of a foreign template wrote something like a call that is none: then it is text, as the model wrote it.
    shown_ += last.text;
    last.text += raw_.starts_with(shown_) ? raw_.substr(shown_.size()) : raw_;
  }
  const auto end = end_of(*last.finish);
  push(std::move(last));
  request_.out.close();
  ended(end, now);
}

void Answer::end_with(Error error, SteadyTime now) {
  const auto end = end_of(error);
  request_.out.close(std::move(error));
  ended(end, now);
}

void Answer::push(ChatEvent event) {
  silent_tokens_ = 0;
  shown_ += event.text;
  // Refused only when the reader has gone, which the next turn of the model's thread notices.
  (void)request_.out.try_push(std::move(event));
}

void Answer::ended(AnswerEnd end, SteadyTime now) const {
  std::optional<std::chrono::nanoseconds> per_token;
  if (completion_.value > 1) per_token = (last_token_ - first_token_) / (completion_.value - 1);
  probe_->ended(end, now - request_.arrived, per_token);
}

}  // namespace writ::slm
