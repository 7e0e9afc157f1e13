// The port of slm-service and its operations.
#pragma once

#include "http/binding.h"
#include "slm/api/types.h"

namespace writ::slm {

class SlmPort {
 public:
  virtual ~SlmPort() = default;
  /// Streams one answer. Errors: forbidden (no_grant, grant_…, obligation_unknown), not_found (no_model), invalid
  /// (context_overflow, bad_messages, bad_tools, bad_json_schema, render_failed; pointers into the prompt), unavailable
  /// (queue_full with retry_after, model_failed). Of the stream: deadline, cancelled, unavailable (stopping).
  /// Cancellation: dropping the stream frees the slot between tokens.
  [[nodiscard]] virtual Task<Result<StreamPtr<ChatEvent>>> chat(Context ctx, ChatRequest in) = 0;
  /// Tokens a prompt renders to. What chat() would refuse of the prompt is refused here: its schemas are compiled.
  /// Errors: not_found (no_model), invalid (bad_messages, bad_tools, bad_json_schema, render_failed; pointers into the
  /// prompt), unavailable (model_failed, queue_full).
  [[nodiscard]] virtual Task<Result<Count>> count(Context ctx, Prompt in) = 0;
  [[nodiscard]] virtual Task<Result<ModelList>> models(Context ctx, http::Nothing in) = 0;
};

namespace op {
using http::Method;
inline constexpr http::Callers askers{{"orchestrator", "gateway"}};
inline constexpr http::Streaming<ChatRequest, ChatEvent> chat{
    {.id = "slm.chat",
     .method = Method::post,
     .path = "/internal/v1/slm/chat",
     .summary = "Stream one answer under a grant.",
     .exposure = http::internal_only,
     .access = http::for_principal,
     .callers = askers,
     .deadline = Seconds{600},
     .body_max = 4U << 20U,
     .errors = {{"no_grant", "obligation_unknown", "no_model", "context_overflow", "bad_messages", "bad_tools",
                 "bad_json_schema", "render_failed", "queue_full", "model_failed"}}}};
inline constexpr http::Unary<Prompt, Count> count{
    {.id = "slm.count",
     .method = Method::post,
     .path = "/internal/v1/slm/count",
     .summary = "Count the tokens of a prompt.",
     .exposure = http::internal_only,
     .access = http::service_token,
     .callers = askers,
     .body_max = 4U << 20U,
     .repeat = http::Repeat::idempotent,
     .errors = {
         {"no_model", "bad_messages", "bad_tools", "bad_json_schema", "render_failed", "queue_full", "model_failed"}}}};
inline constexpr http::Unary<http::Nothing, ModelList> models{{.id = "slm.models",
                                                               .method = Method::get,
                                                               .path = "/internal/v1/slm/models",
                                                               .summary = "Which models there are.",
                                                               .exposure = http::internal_only,
                                                               .access = http::service_token,
                                                               .callers = askers}};
}  // namespace op

/// What a caller holds: the port over its binding.
class SlmClient final : public SlmPort {
 public:
  explicit SlmClient(http::Binding<SlmPort> binding) : b_(std::move(binding)) {}
  Task<Result<StreamPtr<ChatEvent>>> chat(Context c, ChatRequest in) override;
  Task<Result<Count>> count(Context c, Prompt in) override;
  Task<Result<ModelList>> models(Context c, http::Nothing in) override;

 private:
  http::Binding<SlmPort> b_;
};

}  // namespace writ::slm
