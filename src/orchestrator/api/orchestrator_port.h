// The port of the orchestrator and its operations. Another tenant's ids are not_found everywhere, and
// another person's without the scopes runs:read_all and runs:cancel_all.
#pragma once

#include "http/binding.h"
#include "orchestrator/api/types.h"

namespace writ::orchestrator {

class OrchestratorPort {
 public:
  virtual ~OrchestratorPort() = default;
  /// Session, first run and its first event in one transaction. Errors: not_found (no_capsule), conflict
  /// (capsule_changed: a version is one text for good), unavailable.
  [[nodiscard]] virtual Task<Result<Started>> start(Context ctx, StartSession in) = 0;
  /// The session's next run. Errors: not_found (no_session), conflict (run_active, capsule_changed).
  [[nodiscard]] virtual Task<Result<Started>> post(Context ctx, PostMessage in) = 0;
  [[nodiscard]] virtual Task<Result<Session>> session(Context ctx, SessionRef in) = 0;
  [[nodiscard]] virtual Task<Result<Run>> run(Context ctx, RunRef in) = 0;
  /// Durable events after the cursor without loss or duplicate, deltas between them; ends after run_finished. Errors:
  /// quota_exceeded (too_many_watches); of the stream: unavailable (stopping: the run goes on, follow it again).
  [[nodiscard]] virtual Task<Result<StreamPtr<RunEvent>>> watch(Context ctx, WatchRun in) = 0;
  /// Idempotent; a run that has ended stays as it is. While nobody knows whether a call of a `once` tool happened, a
  /// cancelled run is waiting_review, its reason says that it was cancelled, and it ends when the review is answered.
  [[nodiscard]] virtual Task<Result<Run>> cancel(Context ctx, RunRef in) = 0;
  /// Errors: not_found (no_review), forbidden (missing_scope, own_request), conflict (review_answered;
  /// run_ending: a call of a run that ends is not tried again), invalid.
  [[nodiscard]] virtual Task<Result<Review>> answer(Context ctx, AnswerReview in) = 0;
  [[nodiscard]] virtual Task<Result<ReviewPage>> reviews(Context ctx, ListReviews in) = 0;
};

namespace op {
using http::Method;
inline constexpr http::Callers door{{"gateway"}};
inline constexpr http::Unary<StartSession, Started> start{{.id = "orchestrator.start",
                                                           .method = Method::post,
                                                           .path = "/internal/v1/sessions",
                                                           .summary = "Start a session and its first run.",
                                                           .exposure = http::internal_only,
                                                           .access = http::for_principal,
                                                           .callers = door,
                                                           .body_max = 256 * 1024,
                                                           .success_status = 201,
                                                           .errors = {{"no_capsule", "capsule_changed"}}}};
inline constexpr http::Unary<PostMessage, Started> post{
    {.id = "orchestrator.post",
     .method = Method::post,
     .path = "/internal/v1/sessions/{session_id}/messages",
     .summary = "Start the session's next run.",
     .exposure = http::internal_only,
     .access = http::for_principal,
     .callers = door,
     .body_max = 256 * 1024,
     .success_status = 201,
     .errors = {{"no_session", "run_active", "not_your_session", "capsule_changed"}}}};
inline constexpr http::Unary<SessionRef, Session> session{{.id = "orchestrator.session",
                                                           .method = Method::get,
                                                           .path = "/internal/v1/sessions/{session_id}",
                                                           .summary = "A session with its conversation.",
                                                           .exposure = http::internal_only,
                                                           .access = http::for_principal,
                                                           .callers = door,
                                                           .errors = {{"no_session"}}}};
inline constexpr http::Unary<RunRef, Run> run{{.id = "orchestrator.run",
                                               .method = Method::get,
                                               .path = "/internal/v1/runs/{run_id}",
                                               .summary = "A run.",
                                               .exposure = http::internal_only,
                                               .access = http::for_principal,
                                               .callers = door,
                                               .errors = {{"no_run"}}}};
inline constexpr http::Streaming<WatchRun, RunEvent> watch{{.id = "orchestrator.watch",
                                                            .method = Method::get,
                                                            .path = "/internal/v1/runs/{run_id}/events",
                                                            .summary = "Follow a run.",
                                                            .exposure = http::internal_only,
                                                            .access = http::for_principal,
                                                            .callers = door,
                                                            .deadline = Seconds{3600},
                                                            .errors = {{"no_run", "too_many_watches", "stopping"}}}};
inline constexpr http::Unary<RunRef, Run> cancel{{.id = "orchestrator.cancel",
                                                  .method = Method::post,
                                                  .path = "/internal/v1/runs/{run_id}/cancel",
                                                  .summary = "Cancel a run.",
                                                  .exposure = http::internal_only,
                                                  .access = http::for_principal,
                                                  .callers = door,
                                                  .repeat = http::Repeat::idempotent,
                                                  .errors = {{"no_run"}}}};
inline constexpr http::Unary<AnswerReview, Review> answer{
    {.id = "orchestrator.answer",
     .method = Method::post,
     .path = "/internal/v1/reviews/{review_id}/answer",
     .summary = "Answer a review.",
     .exposure = http::internal_only,
     .access = http::for_principal,
     .callers = door,
     .errors = {{"no_review", "own_request", "not_independent", "approver_gone", "review_answered", "missing_scope",
                 "run_ending"}}}};
inline constexpr http::Unary<ListReviews, ReviewPage> reviews{{.id = "orchestrator.reviews",
                                                               .method = Method::get,
                                                               .path = "/internal/v1/reviews",
                                                               .summary = "Reviews of the tenant.",
                                                               .exposure = http::internal_only,
                                                               .access = http::for_principal,
                                                               .callers = door}};
}  // namespace op

/// What a caller holds: the port over its binding.
class OrchestratorClient final : public OrchestratorPort {
 public:
  using Port = OrchestratorPort;
  explicit OrchestratorClient(http::Binding<Port> binding) : b_(std::move(binding)) {}
  Task<Result<Started>> start(Context c, StartSession in) override;
  Task<Result<Started>> post(Context c, PostMessage in) override;
  Task<Result<Session>> session(Context c, SessionRef in) override;
  Task<Result<Run>> run(Context c, RunRef in) override;
  Task<Result<StreamPtr<RunEvent>>> watch(Context c, WatchRun in) override;
  Task<Result<Run>> cancel(Context c, RunRef in) override;
  Task<Result<Review>> answer(Context c, AnswerReview in) override;
  Task<Result<ReviewPage>> reviews(Context c, ListReviews in) override;

 private:
  http::Binding<Port> b_;
};

}  // namespace writ::orchestrator
