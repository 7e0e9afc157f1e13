#include "gateway/gateway_service.h"

#include "gateway/event_stream.h"

namespace writ::gateway {

using orchestrator::AnswerReview;
using orchestrator::ReviewAnswer;

Task<Result<Started>> GatewayService::start_session(Context ctx, StartSession in) {
  return orchestrator_.start(std::move(ctx), std::move(in));
}
Task<Result<Started>> GatewayService::post_message(Context ctx, PostMessage in) {
  return orchestrator_.post(std::move(ctx), std::move(in));
}
Task<Result<Session>> GatewayService::session(Context ctx, SessionRef in) {
  return orchestrator_.session(std::move(ctx), std::move(in));
}
Task<Result<Run>> GatewayService::run(Context ctx, RunRef in) {
  return orchestrator_.run(std::move(ctx), std::move(in));
}
Task<Result<StreamPtr<RunEvent>>> GatewayService::events(Context ctx, WatchRun in) {
  auto out = std::make_unique<EventStream>(ctx, stopping_.get_token());
  auto entry = std::make_unique<identity::LiveStreams::Entry>(live_streams_, out->context());
  WRIT_CO_TRY(auto stream, co_await orchestrator_.watch(entry->context(), std::move(in)));
  out->open(std::make_unique<identity::LiveStream<RunEvent>>(std::move(entry), std::move(stream)));
  co_return out;
}
Task<Result<Run>> GatewayService::cancel(Context ctx, RunRef in) {
  return orchestrator_.cancel(std::move(ctx), std::move(in));
}

Task<Result<Review>> GatewayService::approve(Context ctx, ApproveReview in) {
  return orchestrator_.answer(std::move(ctx), AnswerReview{.review_id = std::move(in.review_id),
                                                           .answer = ReviewAnswer::approve,
                                                           .arguments = std::move(in.arguments),
                                                           .result = {},
                                                           .note = std::move(in.note)});
}
Task<Result<Review>> GatewayService::deny(Context ctx, DenyReview in) {
  return orchestrator_.answer(std::move(ctx), AnswerReview{.review_id = std::move(in.review_id),
                                                           .answer = ReviewAnswer::deny,
                                                           .arguments = {},
                                                           .result = {},
                                                           .note = std::move(in.note)});
}
Task<Result<Review>> GatewayService::retry(Context ctx, RetryReview in) {
  return orchestrator_.answer(std::move(ctx), AnswerReview{.review_id = std::move(in.review_id),
                                                           .answer = ReviewAnswer::retry,
                                                           .arguments = {},
                                                           .result = {},
                                                           .note = std::move(in.note)});
}
Task<Result<Review>> GatewayService::done(Context ctx, DoneReview in) {
  return orchestrator_.answer(std::move(ctx), AnswerReview{.review_id = std::move(in.review_id),
                                                           .answer = ReviewAnswer::done,
                                                           .arguments = {},
                                                           .result = std::move(in.result),
                                                           .note = std::move(in.note)});
}

Task<Result<ReviewPage>> GatewayService::reviews(Context ctx, ListReviews in) {
  return orchestrator_.reviews(std::move(ctx), std::move(in));
}
Task<Result<policy::AuditPage>> GatewayService::audit(Context ctx, policy::ListAudit in) {
  return policy_.list_audit(std::move(ctx), std::move(in));
}
Task<Result<policy::AuditReport>> GatewayService::verify_audit(Context ctx, policy::VerifyAudit in) {
  return policy_.verify_audit(std::move(ctx), std::move(in));
}

Task<Result<StreamPtr<policy::AuditReport>>> GatewayService::watch_audit_verification(Context ctx,
                                                                                      policy::VerifyAudit in) {
  return policy_.watch_audit_verification(std::move(ctx), std::move(in));
}

Task<Result<StreamPtr<policy::ExportLine>>> GatewayService::export_audit(Context ctx, policy::ExportAudit in) {
  return policy_.export_audit(std::move(ctx), std::move(in));
}

Task<Result<policy::AuditHead>> GatewayService::audit_head(Context ctx, http::Nothing in) {
  return policy_.audit_head(std::move(ctx), in);
}
Task<Result<policy::Budget>> GatewayService::budget(Context ctx, http::Nothing in) {
  return policy_.budget(std::move(ctx), in);
}

}  // namespace writ::gateway
