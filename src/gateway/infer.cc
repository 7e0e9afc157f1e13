#include "gateway/infer.h"

namespace writ::gateway {

Task<Result<InferAnswer>> Inference::infer(Context ctx, InferRequest in) {
  slm::Prompt prompt;
  prompt.model = std::move(in.model).value_or("");
  prompt.messages.push_back(json::object{{"role", "user"}, {"content", in.prompt}});
  prompt.max_tokens = in.max_tokens.value_or(max_tokens_default_);
  WRIT_CO_TRY(auto call, co_await calls_.open(std::move(ctx), std::move(prompt)));
  WRIT_CO_TRY(auto end, co_await DirectCalls::finish(std::move(call.items)));
  if (end.denied) co_return fail(forbidden("output_denied", end.reason));
  co_return InferAnswer{.text = std::move(end.text),
                        .finish_reason = end.finish,
                        .usage = end.usage,
                        .model = std::move(call.decided.resource.id),
                        .decision_id = std::move(call.decided.decision.decision_id)};
}

}  // namespace writ::gateway
