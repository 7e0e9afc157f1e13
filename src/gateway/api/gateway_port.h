// The public door's operations on sessions, runs, reviews and audit. The OpenAI-compatible routes are in gateway/openai_*.
#pragma once

#include "http/binding.h"
#include "orchestrator/api/types.h"
#include "policy/api/types.h"

namespace writ::gateway {

using orchestrator::ListReviews;
using orchestrator::PostMessage;
using orchestrator::Review;
using orchestrator::ReviewPage;
using orchestrator::Run;
using orchestrator::RunEvent;
using orchestrator::RunRef;
using orchestrator::Session;
using orchestrator::SessionRef;
using orchestrator::Started;
using orchestrator::StartSession;
using orchestrator::WatchRun;
using schema::any;
using schema::field;
using schema::text;

struct ApproveReview {
  ReviewId review_id;
  std::optional<json::object> arguments;  // edited: validated and decided again
  std::optional<std::string> note;
  static constexpr auto fields() {
    return std::tuple(field("review_id", &ApproveReview::review_id, any, "Review."),
                      field("arguments", &ApproveReview::arguments, any, "Edited arguments."),
                      field("note", &ApproveReview::note, text(0, 2000), "Why."));
  }
};
struct DenyReview {
  ReviewId review_id;
  std::optional<std::string> note;
  static constexpr auto fields() {
    return std::tuple(field("review_id", &DenyReview::review_id, any, "Review."),
                      field("note", &DenyReview::note, text(0, 2000), "Why; the model is told."));
  }
};
/// A call of unknown outcome: attempt it again.
struct RetryReview {
  ReviewId review_id;
  std::optional<std::string> note;
  static constexpr auto fields() {
    return std::tuple(field("review_id", &RetryReview::review_id, any, "Review."),
                      field("note", &RetryReview::note, text(0, 2000), "Why."));
  }
};
/// A call of unknown outcome: it was done, with this result.
struct DoneReview {
  ReviewId review_id;
  json::value result;
  std::optional<std::string> note;
  static constexpr auto fields() {
    return std::tuple(field("review_id", &DoneReview::review_id, any, "Review."),
                      field("result", &DoneReview::result, any, "What the tool returned."),
                      field("note", &DoneReview::note, text(0, 2000), "Why."));
  }
};

class GatewayPort {
 public:
  virtual ~GatewayPort() = default;
  // As the orchestrator's methods of the same meaning.
  [[nodiscard]] virtual Task<Result<Started>> start_session(Context ctx, StartSession in) = 0;
  [[nodiscard]] virtual Task<Result<Started>> post_message(Context ctx, PostMessage in) = 0;
  [[nodiscard]] virtual Task<Result<Session>> session(Context ctx, SessionRef in) = 0;
  [[nodiscard]] virtual Task<Result<Run>> run(Context ctx, RunRef in) = 0;
  [[nodiscard]] virtual Task<Result<StreamPtr<RunEvent>>> events(Context ctx, WatchRun in) = 0;
  [[nodiscard]] virtual Task<Result<Run>> cancel(Context ctx, RunRef in) = 0;
  [[nodiscard]] virtual Task<Result<Review>> approve(Context ctx, ApproveReview in) = 0;
  [[nodiscard]] virtual Task<Result<Review>> deny(Context ctx, DenyReview in) = 0;
  [[nodiscard]] virtual Task<Result<Review>> retry(Context ctx, RetryReview in) = 0;
  [[nodiscard]] virtual Task<Result<Review>> done(Context ctx, DoneReview in) = 0;
  [[nodiscard]] virtual Task<Result<ReviewPage>> reviews(Context ctx, ListReviews in) = 0;
  [[nodiscard]] virtual Task<Result<policy::AuditPage>> audit(Context ctx, policy::ListAudit in) = 0;
  [[nodiscard]] virtual Task<Result<policy::AuditReport>> verify_audit(Context ctx, policy::VerifyAudit in) = 0;
  [[nodiscard]] virtual Task<Result<StreamPtr<policy::AuditReport>>> watch_audit_verification(
      Context ctx, policy::VerifyAudit in) = 0;
  [[nodiscard]] virtual Task<Result<StreamPtr<policy::ExportLine>>> export_audit(Context ctx,
                                                                                 policy::ExportAudit in) = 0;
  [[nodiscard]] virtual Task<Result<policy::AuditHead>> audit_head(Context ctx, http::Nothing in) = 0;
  [[nodiscard]] virtual Task<Result<policy::Budget>> budget(Context ctx, http::Nothing in) = 0;
};

namespace op {
using http::Method;
inline constexpr http::Unary<StartSession, Started> start_session{{.id = "gateway.start_session",
                                                                   .method = Method::post,
                                                                   .path = "/v1/sessions",
                                                                   .summary = "Start a session and its first run.",
                                                                   .exposure = http::public_door,
                                                                   .access = "runs:write",
                                                                   .body_max = 256 * 1024,
                                                                   .success_status = 201,
                                                                   .errors = {{"no_capsule", "capsule_changed"}}}};
inline constexpr http::Unary<PostMessage, Started> post_message{
    {.id = "gateway.post_message",
     .method = Method::post,
     .path = "/v1/sessions/{session_id}/messages",
     .summary = "Say the next thing: starts the session's next run.",
     .exposure = http::public_door,
     .access = "runs:write",
     .body_max = 256 * 1024,
     .success_status = 201,
     .errors = {{"no_session", "run_active", "not_your_session", "capsule_changed"}}}};
inline constexpr http::Unary<SessionRef, Session> session{{.id = "gateway.session",
                                                           .method = Method::get,
                                                           .path = "/v1/sessions/{session_id}",
                                                           .summary = "A session with its conversation.",
                                                           .exposure = http::public_door,
                                                           .access = "runs:read",
                                                           .errors = {{"no_session"}}}};
inline constexpr http::Unary<RunRef, Run> run{{.id = "gateway.run",
                                               .method = Method::get,
                                               .path = "/v1/runs/{run_id}",
                                               .summary = "A run.",
                                               .exposure = http::public_door,
                                               .access = "runs:read",
                                               .errors = {{"no_run"}}}};
inline constexpr http::Streaming<WatchRun, RunEvent> events{
    {.id = "gateway.events",
     .method = Method::get,
     .path = "/v1/runs/{run_id}/events",
     .summary = "Follow a run: durable events with ids, and text deltas without.",
     .exposure = http::public_door,
     .access = "runs:read",
     .deadline = Seconds{3600},
     .errors = {{"no_run", "too_many_watches", "stopping"}}}};
inline constexpr http::Unary<RunRef, Run> cancel{{.id = "gateway.cancel",
                                                  .method = Method::post,
                                                  .path = "/v1/runs/{run_id}/cancel",
                                                  .summary = "Cancel a run.",
                                                  .exposure = http::public_door,
                                                  .access = "runs:write",
                                                  .repeat = http::Repeat::idempotent,
                                                  .errors = {{"no_run"}}}};
inline constexpr http::ErrorCodes review_errors{
    {"no_review", "own_request", "not_independent", "approver_gone", "review_answered", "missing_scope", "run_ending"}};
inline constexpr http::Unary<ApproveReview, Review> approve{{.id = "gateway.approve",
                                                             .method = Method::post,
                                                             .path = "/v1/reviews/{review_id}/approve",
                                                             .summary = "Approve a reviewed action.",
                                                             .exposure = http::public_door,
                                                             .access = "reviews:decide",
                                                             .errors = review_errors}};
inline constexpr http::Unary<DenyReview, Review> deny{{.id = "gateway.deny",
                                                       .method = Method::post,
                                                       .path = "/v1/reviews/{review_id}/deny",
                                                       .summary = "Deny it; the model is told.",
                                                       .exposure = http::public_door,
                                                       .access = "reviews:decide",
                                                       .errors = review_errors}};
inline constexpr http::Unary<RetryReview, Review> retry{{.id = "gateway.retry",
                                                         .method = Method::post,
                                                         .path = "/v1/reviews/{review_id}/retry",
                                                         .summary = "Attempt a call of unknown outcome again.",
                                                         .exposure = http::public_door,
                                                         .access = "reviews:decide",
                                                         .errors = review_errors}};
inline constexpr http::Unary<DoneReview, Review> done{
    {.id = "gateway.done",
     .method = Method::post,
     .path = "/v1/reviews/{review_id}/done",
     .summary = "A call of unknown outcome was done; give its result.",
     .exposure = http::public_door,
     .access = "reviews:decide",
     .errors = review_errors}};
inline constexpr http::Unary<ListReviews, ReviewPage> reviews{{.id = "gateway.reviews",
                                                               .method = Method::get,
                                                               .path = "/v1/reviews",
                                                               .summary = "Reviews of your tenant.",
                                                               .exposure = http::public_door,
                                                               .access = "reviews:decide"}};
inline constexpr http::Unary<policy::ListAudit, policy::AuditPage> audit{{.id = "gateway.audit",
                                                                          .method = Method::get,
                                                                          .path = "/v1/audit",
                                                                          .summary = "Your tenant's audit chain.",
                                                                          .exposure = http::public_door,
                                                                          .access = "audit:read"}};
inline constexpr http::Unary<policy::VerifyAudit, policy::AuditReport> verify_audit{
    {.id = "gateway.verify_audit",
     .method = Method::post,
     .path = "/v1/audit/verify",
     .summary = "Verify chains and checkpoints; of all tenants with the scope audit:read_all.",
     .exposure = http::public_door,
     .access = "audit:read",
     .deadline = Seconds{60},
     .repeat = http::Repeat::idempotent,
     .errors = {{"audit_busy"}}}};
inline constexpr http::Streaming<policy::VerifyAudit, policy::AuditReport> watch_audit_verification{
    {.id = "gateway.watch_audit_verification",
     .method = Method::post,
     .path = "/v1/audit/verification",
     .summary = "The same for a long audit: a report about every second, the last one done.",
     .exposure = http::public_door,
     .access = "audit:read",
     .deadline = Seconds{3600},
     .repeat = http::Repeat::idempotent,
     .errors = {{"audit_busy"}}}};
inline constexpr http::Streaming<policy::ExportAudit, policy::ExportLine> export_audit{
    {.id = "gateway.export_audit",
     .method = Method::get,
     .path = "/v1/audit/export",
     .summary = "Everything that a verification elsewhere needs, line by line.",
     .exposure = http::public_door,
     .access = "audit:read",
     .deadline = Seconds{3600},
     .errors = {{"audit_busy"}}}};
inline constexpr http::Unary<http::Nothing, policy::AuditHead> audit_head{
    {.id = "gateway.audit_head",
     .method = Method::get,
     .path = "/v1/audit/head",
     .summary = "The newest checkpoint, to note down elsewhere, and the keys that sign.",
     .exposure = http::public_door,
     .access = "audit:read"}};
inline constexpr http::Unary<http::Nothing, policy::Budget> budget{{.id = "gateway.budget",
                                                                    .method = Method::get,
                                                                    .path = "/v1/budget",
                                                                    .summary = "Your tenant's token window.",
                                                                    .exposure = http::public_door,
                                                                    .access = "runs:read"}};
}  // namespace op

/// What a caller holds: the port over its binding.
class GatewayClient final : public GatewayPort {
 public:
  using Port = GatewayPort;
  explicit GatewayClient(http::Binding<Port> binding) : b_(std::move(binding)) {}
  Task<Result<Started>> start_session(Context c, StartSession in) override;
  Task<Result<Started>> post_message(Context c, PostMessage in) override;
  Task<Result<Session>> session(Context c, SessionRef in) override;
  Task<Result<Run>> run(Context c, RunRef in) override;
  Task<Result<StreamPtr<RunEvent>>> events(Context c, WatchRun in) override;
  Task<Result<Run>> cancel(Context c, RunRef in) override;
  Task<Result<Review>> approve(Context c, ApproveReview in) override;
  Task<Result<Review>> deny(Context c, DenyReview in) override;
  Task<Result<Review>> retry(Context c, RetryReview in) override;
  Task<Result<Review>> done(Context c, DoneReview in) override;
  Task<Result<ReviewPage>> reviews(Context c, ListReviews in) override;
  Task<Result<policy::AuditPage>> audit(Context c, policy::ListAudit in) override;
  Task<Result<policy::AuditReport>> verify_audit(Context c, policy::VerifyAudit in) override;
  Task<Result<StreamPtr<policy::AuditReport>>> watch_audit_verification(Context c, policy::VerifyAudit in) override;
  Task<Result<StreamPtr<policy::ExportLine>>> export_audit(Context c, policy::ExportAudit in) override;
  Task<Result<policy::AuditHead>> audit_head(Context c, http::Nothing in) override;
  Task<Result<policy::Budget>> budget(Context c, http::Nothing in) override;

 private:
  http::Binding<Port> b_;
};

}  // namespace writ::gateway
