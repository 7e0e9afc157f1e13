#include "gateway/api/gateway_port.h"

// Not in the header: everybody who knows the port would compile its calls over HTTP once more.

namespace writ::gateway {

Task<Result<Started>> GatewayClient::start_session(Context c, StartSession in) {
  return b_.call(op::start_session, &Port::start_session, std::move(c), std::move(in));
}

Task<Result<Started>> GatewayClient::post_message(Context c, PostMessage in) {
  return b_.call(op::post_message, &Port::post_message, std::move(c), std::move(in));
}

Task<Result<Session>> GatewayClient::session(Context c, SessionRef in) {
  return b_.call(op::session, &Port::session, std::move(c), std::move(in));
}

Task<Result<Run>> GatewayClient::run(Context c, RunRef in) {
  return b_.call(op::run, &Port::run, std::move(c), std::move(in));
}

Task<Result<StreamPtr<RunEvent>>> GatewayClient::events(Context c, WatchRun in) {
  return b_.open(op::events, &Port::events, std::move(c), std::move(in));
}

Task<Result<Run>> GatewayClient::cancel(Context c, RunRef in) {
  return b_.call(op::cancel, &Port::cancel, std::move(c), std::move(in));
}

Task<Result<Review>> GatewayClient::approve(Context c, ApproveReview in) {
  return b_.call(op::approve, &Port::approve, std::move(c), std::move(in));
}

Task<Result<Review>> GatewayClient::deny(Context c, DenyReview in) {
  return b_.call(op::deny, &Port::deny, std::move(c), std::move(in));
}

Task<Result<Review>> GatewayClient::retry(Context c, RetryReview in) {
  return b_.call(op::retry, &Port::retry, std::move(c), std::move(in));
}

Task<Result<Review>> GatewayClient::done(Context c, DoneReview in) {
  return b_.call(op::done, &Port::done, std::move(c), std::move(in));
}

Task<Result<ReviewPage>> GatewayClient::reviews(Context c, ListReviews in) {
  return b_.call(op::reviews, &Port::reviews, std::move(c), std::move(in));
}

Task<Result<policy::AuditPage>> GatewayClient::audit(Context c, policy::ListAudit in) {
  return b_.call(op::audit, &Port::audit, std::move(c), std::move(in));
}

Task<Result<policy::AuditReport>> GatewayClient::verify_audit(Context c, policy::VerifyAudit in) {
  return b_.call(op::verify_audit, &Port::verify_audit, std::move(c), std::move(in));
}

Task<Result<StreamPtr<policy::AuditReport>>> GatewayClient::watch_audit_verification(Context c,
                                                                                     policy::VerifyAudit in) {
  return b_.open(op::watch_audit_verification, &Port::watch_audit_verification, std::move(c), std::move(in));
}

Task<Result<StreamPtr<policy::ExportLine>>> GatewayClient::export_audit(Context c, policy::ExportAudit in) {
  return b_.open(op::export_audit, &Port::export_audit, std::move(c), std::move(in));
}

Task<Result<policy::AuditHead>> GatewayClient::audit_head(Context c, http::Nothing in) {
  return b_.call(op::audit_head, &Port::audit_head, std::move(c), in);
}

Task<Result<policy::Budget>> GatewayClient::budget(Context c, http::Nothing in) {
  return b_.call(op::budget, &Port::budget, std::move(c), std::move(in));
}

}  // namespace writ::gateway
