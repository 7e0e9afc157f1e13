// GatewayService: the public view of sessions, runs, reviews and audit, mapped onto the ports that own them.
#pragma once

#include "gateway/api/gateway_port.h"
#include "identity/api/live_streams.h"
#include "orchestrator/api/orchestrator_port.h"
#include "policy/api/policy_port.h"

namespace writ::gateway {

/// Keeps nothing but who is to be told of a stop. The client's Idempotency-Key travels in the context to the service that owns the effect.
class GatewayService final : public GatewayPort {
 public:
  GatewayService(orchestrator::OrchestratorPort& orchestrator, policy::PolicyPort& policy,
                 identity::LiveStreams& live_streams)
      : orchestrator_(orchestrator), policy_(policy), live_streams_(live_streams) {}
  Task<Result<Started>> start_session(Context ctx, StartSession in) override;
  Task<Result<Started>> post_message(Context ctx, PostMessage in) override;
  Task<Result<Session>> session(Context ctx, SessionRef in) override;
  Task<Result<Run>> run(Context ctx, RunRef in) override;
  Task<Result<StreamPtr<RunEvent>>> events(Context ctx, WatchRun in) override;
  Task<Result<Run>> cancel(Context ctx, RunRef in) override;
  Task<Result<Review>> approve(Context ctx, ApproveReview in) override;
  Task<Result<Review>> deny(Context ctx, DenyReview in) override;
  Task<Result<Review>> retry(Context ctx, RetryReview in) override;
  Task<Result<Review>> done(Context ctx, DoneReview in) override;
  Task<Result<ReviewPage>> reviews(Context ctx, ListReviews in) override;
  Task<Result<policy::AuditPage>> audit(Context ctx, policy::ListAudit in) override;
  Task<Result<policy::AuditReport>> verify_audit(Context ctx, policy::VerifyAudit in) override;
  Task<Result<StreamPtr<policy::AuditReport>>> watch_audit_verification(Context ctx, policy::VerifyAudit in) override;
  Task<Result<StreamPtr<policy::ExportLine>>> export_audit(Context ctx, policy::ExportAudit in) override;
  Task<Result<policy::AuditHead>> audit_head(Context ctx, http::Nothing in) override;
  Task<Result<policy::Budget>> budget(Context ctx, http::Nothing in) override;
  /// Tells those who follow a run that this process stops. Thread: any.
  void drain() { stopping_.request_stop(); }

 private:
  orchestrator::OrchestratorPort& orchestrator_;
  policy::PolicyPort& policy_;
  identity::LiveStreams& live_streams_;
  std::stop_source stopping_;
};

}  // namespace writ::gateway
