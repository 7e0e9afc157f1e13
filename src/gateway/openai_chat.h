// OpenAiDoor: chat completions and models in the protocol that OpenAI's clients speak.
#pragma once

#include "gateway/direct_call.h"
#include "gateway/openai_types.h"
#include "http/routes.h"

namespace writ::gateway::openai {

class OpenAiDoor {
 public:
  OpenAiDoor(DirectCalls& calls, slm::SlmPort& slm, const GatewayProbe& probe, const Clock& clock,
             std::int64_t max_tokens_default);

  /// A chat.completion, or a stream of chunks. What policy refuses before the first token is a 403, not a stream.
  /// Errors: those of to_prompt() and DirectCalls::open(), in OpenAI's codes.
  /// Cancellation: a client that goes away frees its slot; what was used is settled.
  [[nodiscard]] Task<Result<http::RawResponse>> chat(Context ctx, http::RawRequest request);
  [[nodiscard]] Task<Result<ModelCards>> models(Context ctx, http::Nothing in);
  /// Errors: not_found (model_not_found).
  [[nodiscard]] Task<Result<ModelCard>> model(Context ctx, ModelRef in);

 private:
  DirectCalls& calls_;
  slm::SlmPort& slm_;
  const GatewayProbe& probe_;
  const Clock& clock_;
  const std::int64_t max_tokens_default_;
  const std::shared_ptr<const http::RequestInput> input_;  // as http shares it
};

namespace op {
using http::Method;
inline constexpr http::OperationInfo chat{
    .id = "gateway.chat",
    .method = Method::post,
    .path = "/v1/chat/completions",
    .summary = "Chat completion, whole or streamed, as OpenAI's.",
    .exposure = http::public_door,
    .access = "models:use",
    .deadline = Seconds{600},
    .body_max = 1U << 20U,
    .dialect = http::Dialect::openai,
    .errors = {{"unsupported_parameter", "model_not_found", "context_length_exceeded", "bad_tools", "bad_json_schema",
                "policy_denied", "review_required", "insufficient_quota", "rate_limit_exceeded", "queue_full"}}};
inline constexpr http::Unary<http::Nothing, ModelCards> models{{.id = "gateway.models",
                                                                .method = Method::get,
                                                                .path = "/v1/models",
                                                                .summary = "Which models there are, as OpenAI's list.",
                                                                .exposure = http::public_door,
                                                                .access = "models:use",
                                                                .dialect = http::Dialect::openai}};
inline constexpr http::Unary<ModelRef, ModelCard> model{{.id = "gateway.model",
                                                         .method = Method::get,
                                                         .path = "/v1/models/{model}",
                                                         .summary = "One model.",
                                                         .exposure = http::public_door,
                                                         .access = "models:use",
                                                         .dialect = http::Dialect::openai,
                                                         .errors = {{"model_not_found"}}}};
}  // namespace op

}  // namespace writ::gateway::openai
