#include "gateway/openai_chat.h"

#include "gateway/openai_answer.h"
#include "gateway/openai_request.h"

namespace writ::gateway::openai {
namespace {

CompletionHead head_of(const OpenCall& call, WallTime now) {
  return {.id = "chatcmpl-" + call.id.str().substr(CallId::prefix.size()),
          .created = std::chrono::duration_cast<Seconds>(now.time_since_epoch()).count(),
          .model = call.decided.resource.id,
          .fingerprint = call.decided.decision.policy_version};
}

ModelCard card_of(slm::ModelInfo info) {
  return {.id = std::move(info.id),
          .is_default = info.is_default,
          .context_length = info.context.value,
          .licence = std::move(info.licence)};
}

}  // namespace

OpenAiDoor::OpenAiDoor(DirectCalls& calls, slm::SlmPort& slm, const GatewayProbe& probe, const Clock& clock,
                       std::int64_t max_tokens_default)
    : calls_(calls),
      slm_(slm),
      probe_(probe),
      clock_(clock),
      max_tokens_default_(max_tokens_default),
      input_(http::make_input<ChatCompletionRequest>(op::chat)) {}

Task<Result<http::RawResponse>> OpenAiDoor::chat(Context ctx, http::RawRequest request) {
  WRIT_CO_TRY(auto in, http::decode_input<ChatCompletionRequest>(*input_, request.head, request.params, request.body));
  const bool stream = in.stream.value_or(false);
  const bool include_usage = in.stream_options && in.stream_options->include_usage.value_or(false);
  WRIT_CO_TRY(auto prompt, to_prompt(std::move(in), max_tokens_default_));
  auto call = co_await calls_.open(ctx, std::move(prompt));
  if (!call) co_return fail(as_openai(std::move(call).error()));
  auto head = head_of(*call, clock_.now());
  http::RawResponse out;
  out.headers.push_back({"Writ-Decision", call->decided.decision.decision_id.str()});
  if (stream) {
    out.content_type = http::sse_type;
    out.heartbeat = http::heartbeat_comment;
    out.stream = std::make_unique<ChunkStream>(std::move(head), include_usage, ctx.trace.trace_id,
                                               std::move(call->items), probe_);
    co_return out;
  }
  auto end = co_await DirectCalls::finish(std::move(call->items));
  if (!end) co_return fail(as_openai(std::move(end).error()));
  probe_.completed(Mode::whole, end->finish);
  out.body = to_text(completion(head, *end));
  co_return out;
}

Task<Result<ModelCards>> OpenAiDoor::models(Context ctx, http::Nothing) {
  WRIT_CO_TRY(auto list, co_await slm_.models(std::move(ctx), {}));
  ModelCards out;
  for (auto& info : list.models) out.data.push_back(card_of(std::move(info)));
  co_return out;
}

Task<Result<ModelCard>> OpenAiDoor::model(Context ctx, ModelRef in) {
  WRIT_CO_TRY(auto list, co_await slm_.models(std::move(ctx), {}));
  for (auto& info : list.models)
    if (info.id == in.model) co_return card_of(std::move(info));
  co_return fail(not_found("model_not_found", "there is no model " + in.model));
}

}  // namespace writ::gateway::openai
