// Answer: one accepted request until its stream ends, by exactly one last event or one error.
//
//   waiting ──▶ at work ──▶ ended      finish and usage
//      └───────────┴──────▶ ended      error: cancelled, deadline, unavailable, internal
#pragma once

#include <optional>
#include <string>

#include "async/channel.h"
#include "llama/engine.h"
#include "llama/tool_call_parser.h"
#include "slm/api/types.h"
#include "slm/slm_metrics.h"

namespace writ::slm {

/// What an answer is made of. `out` has room for one event for each of sequence.max_tokens and the last one, so that the
/// model's thread never waits for a reader.
struct AnswerRequest {
  Context ctx;
  llama::Sequence sequence;
  llama::ToolCallParser parser;
  async::StreamWriter<ChatEvent> out;
  SteadyTime arrived;
};
[[nodiscard]] constexpr std::size_t stream_capacity(std::int32_t max_tokens) {
  return static_cast<std::size_t>(max_tokens) + 1;
}

/// Thread: the model's, once it is at work. What it refers to outlives it.
class Answer {
 public:
  Answer(AnswerRequest request, const ModelProbe& probe, Random& random)
      : request_(std::move(request)),
        probe_(&probe),
        random_(&random),
        first_token_(request_.arrived),
        last_token_(request_.arrived),
        prompt_(static_cast<std::int64_t>(request_.sequence.prompt.size())) {}

  [[nodiscard]] const TenantId& tenant() const { return request_.ctx.tenant(); }
  /// How long it has had a slot.
  [[nodiscard]] std::chrono::nanoseconds at_work(SteadyTime now) const { return now - started_.value_or(now); }
  /// Why nobody waits for it any more: cancelled or deadline.
  [[nodiscard]] std::optional<Error> given_up(SteadyTime now) const;
  /// What the engine decodes, once.
  [[nodiscard]] llama::Sequence take_sequence(llama::SequenceId id);
  /// It has a slot, which held `reused` of its prompt tokens already.
  void started(std::int32_t reused, SteadyTime now);
  /// Passes on what one step did. True when that was its end.
  [[nodiscard]] bool take(llama::Event event, SteadyTime now, WallTime wall);
  void end_with(Error error, SteadyTime now);

 private:
  void finish(llama::FinishReason reason, std::string text, SteadyTime now, WallTime wall);
  void push(ChatEvent event);
  void ended(AnswerEnd end, SteadyTime now) const;
  [[nodiscard]] Usage usage() const { return {.prompt = prompt_, .completion = completion_}; }

  AnswerRequest request_;
  const ModelProbe* probe_;
  Random* random_;
  std::optional<SteadyTime> started_{};
  SteadyTime first_token_, last_token_;
  Tokens prompt_, completion_;
  std::int32_t silent_tokens_ = 0;  // since the last event
  std::string raw_, shown_;  // all the model wrote, and what of it was passed on
};

}  // namespace writ::slm
