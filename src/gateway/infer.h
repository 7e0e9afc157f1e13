// Inference: one prompt, one answer, without a conversation, under the same rules as every model call.
#pragma once

#include "gateway/direct_call.h"
#include "http/operation.h"

namespace writ::gateway {

struct InferRequest {
  std::string prompt;
  std::optional<std::string> model;
  std::optional<std::int64_t> max_tokens;
  static constexpr auto fields() {
    using namespace schema;
    return std::tuple(
        field("prompt", &InferRequest::prompt, text(1, 262'144), "What is asked."),
        field("model", &InferRequest::model, text(1, 128), "Model id; the default model when absent."),
        field("max_tokens", &InferRequest::max_tokens, number(1, 32'768), "At most so many generated tokens."));
  }
};
struct InferAnswer {
  std::string text;
  slm::FinishReason finish_reason = slm::FinishReason::stop;
  slm::Usage usage;
  std::string model;
  DecisionId decision_id;
  static constexpr auto fields() {
    using namespace schema;
    return std::tuple(field("text", &InferAnswer::text, any, "The answer."),
                      field("finish_reason", &InferAnswer::finish_reason, any, "stop or length."),
                      field("usage", &InferAnswer::usage, any, "Tokens."),
                      field("model", &InferAnswer::model, any, "Who answered."),
                      field("decision_id", &InferAnswer::decision_id, any, "The decision that allowed the call."));
  }
};

class Inference {
 public:
  Inference(DirectCalls& calls, std::int64_t max_tokens_default)
      : calls_(calls), max_tokens_default_(max_tokens_default) {}
  /// Errors: those of DirectCalls::open(); forbidden (output_denied).
  [[nodiscard]] Task<Result<InferAnswer>> infer(Context ctx, InferRequest in);

 private:
  DirectCalls& calls_;
  const std::int64_t max_tokens_default_;
};

namespace op {
inline constexpr http::Unary<InferRequest, InferAnswer> infer{
    {.id = "gateway.infer",
     .method = http::Method::post,
     .path = "/v1/infer/sync",
     .summary = "One prompt, one answer.",
     .exposure = http::public_door,
     .access = "models:use",
     .deadline = Seconds{600},
     .body_max = 512 * 1024,
     .errors = {{"no_model", "context_overflow", "policy_denied", "review_required", "output_denied", "budget_spent",
                 "budget_reserved", "queue_full"}}}};
}  // namespace op

}  // namespace writ::gateway
