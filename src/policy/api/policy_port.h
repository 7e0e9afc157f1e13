// The port of policy-engine and its operations.
#pragma once

#include "http/binding.h"
#include "policy/api/types.h"

namespace writ::policy {

/// Every method: errors unavailable (callers must refuse), invalid, conflict (request_reused with another body).
/// The principal is the context's. An answer is given only after decision, reservation and audit are committed.
class PolicyPort {
 public:
  virtual ~PolicyPort() = default;
  /// Errors: quota_exceeded (budget_spent, with the time until the window resets; budget_reserved, when only calls under
  /// way are in the way; token_limit, of step_tokens_max). Same request_id and body → the stored answer.
  [[nodiscard]] virtual Task<Result<Decision>> evaluate(Context ctx, EvaluateRequest in) = 0;
  /// A piece that does not follow what policy has scanned gets resend_from. Errors: not_found (no_decision), conflict
  /// (output_changed: not the text that was scanned before).
  [[nodiscard]] virtual Task<Result<Inspection>> inspect(Context ctx, InspectRequest in) = 0;
  /// Idempotent. Errors: not_found (no_decision).
  [[nodiscard]] virtual Task<Result<Settled>> settle(Context ctx, SettleRequest in) = 0;
  /// The model.output decision and the settlement in one commit.
  [[nodiscard]] virtual Task<Result<Finished>> finish(Context ctx, FinishRequest in) = 0;
  [[nodiscard]] virtual Task<Result<Appended>> append_audit(Context ctx, AppendAudit in) = 0;
  [[nodiscard]] virtual Task<Result<AuditPage>> list_audit(Context ctx, ListAudit in) = 0;
  /// All chains that the principal may see, with the lines outside the database. Writes nothing.
  /// Errors: forbidden (missing_scope), unavailable (audit_busy).
  [[nodiscard]] virtual Task<Result<AuditReport>> verify_audit(Context ctx, VerifyAudit in) = 0;
  /// The same with a report about every second; the last one is `done`.
  [[nodiscard]] virtual Task<Result<StreamPtr<AuditReport>>> watch_audit_verification(Context ctx, VerifyAudit in) = 0;
  /// What can be verified elsewhere. Recorded before the first line. Errors: as verify_audit.
  [[nodiscard]] virtual Task<Result<StreamPtr<ExportLine>>> export_audit(Context ctx, ExportAudit in) = 0;
  [[nodiscard]] virtual Task<Result<AuditHead>> audit_head(Context ctx, http::Nothing in) = 0;
  [[nodiscard]] virtual Task<Result<Budget>> budget(Context ctx, http::Nothing in) = 0;
  [[nodiscard]] virtual Task<Result<ConstitutionInfo>> constitution(Context ctx, http::Nothing in) = 0;
  /// Public keys of grants and checkpoints.
  [[nodiscard]] virtual Task<Result<KeySetDocument>> keys(Context ctx, http::Nothing in) = 0;
};

namespace op {
using http::Method;
inline constexpr http::Callers deciders{{"orchestrator", "gateway"}};
// Who demands grants; in one process the gateway's part of it keeps the keys for all.
inline constexpr http::Callers guarded{{"slm", "recall", "gateway"}};

inline constexpr http::Unary<EvaluateRequest, Decision> evaluate{
    {.id = "policy.evaluate",
     .method = Method::post,
     .path = "/internal/v1/policy/evaluate",
     .summary = "Decide one action, reserve its budget and record both.",
     .exposure = http::internal_only,
     .access = http::for_principal,
     .callers = deciders,
     .deadline = Seconds{5},
     .body_max = 2U << 20U,
     .repeat = http::Repeat::idempotent,
     .errors = {{"budget_spent", "budget_reserved", "token_limit", "request_reused"}}}};
inline constexpr http::Unary<InspectRequest, Inspection> inspect{{.id = "policy.inspect",
                                                                  .method = Method::post,
                                                                  .path = "/internal/v1/policy/inspect",
                                                                  .summary = "Scan the next piece of a model's output.",
                                                                  .exposure = http::internal_only,
                                                                  .access = http::for_principal,
                                                                  .callers = deciders,
                                                                  .deadline = Seconds{5},
                                                                  .body_max = 2U << 20U,
                                                                  .repeat = http::Repeat::idempotent,
                                                                  .errors = {{"no_decision", "output_changed"}}}};
inline constexpr http::Unary<SettleRequest, Settled> settle{{.id = "policy.settle",
                                                             .method = Method::post,
                                                             .path = "/internal/v1/policy/settle",
                                                             .summary = "Charge what a model call really used.",
                                                             .exposure = http::internal_only,
                                                             .access = http::for_principal,
                                                             .callers = deciders,
                                                             .deadline = Seconds{5},
                                                             .repeat = http::Repeat::idempotent,
                                                             .errors = {{"no_decision", "request_reused"}}}};
inline constexpr http::Unary<FinishRequest, Finished> finish{
    {.id = "policy.finish",
     .method = Method::post,
     .path = "/internal/v1/policy/finish",
     .summary = "Decide on an output and settle its call in one commit.",
     .exposure = http::internal_only,
     .access = http::for_principal,
     .callers = deciders,
     .deadline = Seconds{5},
     .body_max = 2U << 20U,
     .repeat = http::Repeat::idempotent,
     .errors = {{"no_decision", "request_reused"}}}};
inline constexpr http::Unary<AppendAudit, Appended> append_audit{
    {.id = "policy.append_audit",
     .method = Method::post,
     .path = "/internal/v1/audit",
     .summary = "Append another service's fact to the audit chain.",
     .exposure = http::internal_only,
     .access = http::service_token,
     .callers = {{"orchestrator", "gateway", "identity", "recall"}},
     .repeat = http::Repeat::idempotent}};
inline constexpr http::Unary<ListAudit, AuditPage> list_audit{{.id = "policy.list_audit",
                                                               .method = Method::get,
                                                               .path = "/internal/v1/audit",
                                                               .summary = "Read the audit chain.",
                                                               .exposure = http::internal_only,
                                                               .access = "audit:read",
                                                               .callers = {{"gateway"}}}};
inline constexpr http::Unary<VerifyAudit, AuditReport> verify_audit{{.id = "policy.verify_audit",
                                                                     .method = Method::post,
                                                                     .path = "/internal/v1/audit/verify",
                                                                     .summary = "Verify chains and checkpoints.",
                                                                     .exposure = http::internal_only,
                                                                     .access = "audit:read",
                                                                     .callers = {{"gateway"}},
                                                                     .deadline = Seconds{60},
                                                                     .repeat = http::Repeat::idempotent,
                                                                     .errors = {{"audit_busy"}}}};
inline constexpr http::Streaming<VerifyAudit, AuditReport> watch_audit_verification{
    {.id = "policy.watch_audit_verification",
     .method = Method::post,
     .path = "/internal/v1/audit/verification",
     .summary = "Verify chains and checkpoints, with progress.",
     .exposure = http::internal_only,
     .access = "audit:read",
     .callers = {{"gateway"}},
     .deadline = Seconds{3600},
     .repeat = http::Repeat::idempotent,
     .errors = {{"audit_busy"}}}};
inline constexpr http::Streaming<ExportAudit, ExportLine> export_audit{
    {.id = "policy.export_audit",
     .method = Method::get,
     .path = "/internal/v1/audit/export",
     .summary = "Everything that a verification elsewhere needs.",
     .exposure = http::internal_only,
     .access = "audit:read",
     .callers = {{"gateway"}},
     .deadline = Seconds{3600},
     .errors = {{"audit_busy"}}}};
inline constexpr http::Unary<http::Nothing, AuditHead> audit_head{{.id = "policy.audit_head",
                                                                   .method = Method::get,
                                                                   .path = "/internal/v1/audit/head",
                                                                   .summary = "The newest checkpoint, and its keys.",
                                                                   .exposure = http::internal_only,
                                                                   .access = "audit:read",
                                                                   .callers = {{"gateway"}}}};
inline constexpr http::Unary<http::Nothing, Budget> budget{{.id = "policy.budget",
                                                            .method = Method::get,
                                                            .path = "/internal/v1/policy/budget",
                                                            .summary = "The tenant's token window.",
                                                            .exposure = http::internal_only,
                                                            .access = http::for_principal,
                                                            .callers = {{"gateway", "orchestrator"}}}};
inline constexpr http::Unary<http::Nothing, ConstitutionInfo> constitution{{.id = "policy.constitution",
                                                                            .method = Method::get,
                                                                            .path = "/internal/v1/policy/constitution",
                                                                            .summary = "What is in force.",
                                                                            .exposure = http::internal_only,
                                                                            .access = http::service_token,
                                                                            .callers = deciders}};
inline constexpr http::Unary<http::Nothing, KeySetDocument> keys{{.id = "policy.keys",
                                                                  .method = Method::get,
                                                                  .path = "/internal/v1/policy/jwks.json",
                                                                  .summary = "Public keys of grants and checkpoints.",
                                                                  .exposure = http::internal_only,
                                                                  .access = http::service_token,
                                                                  .callers = guarded}};
}  // namespace op

/// What a caller holds: the port over its binding.
class PolicyClient final : public PolicyPort {
 public:
  explicit PolicyClient(http::Binding<PolicyPort> binding) : b_(std::move(binding)) {}
  Task<Result<Decision>> evaluate(Context c, EvaluateRequest in) override;
  Task<Result<Inspection>> inspect(Context c, InspectRequest in) override;
  Task<Result<Settled>> settle(Context c, SettleRequest in) override;
  Task<Result<Finished>> finish(Context c, FinishRequest in) override;
  Task<Result<Appended>> append_audit(Context c, AppendAudit in) override;
  Task<Result<AuditPage>> list_audit(Context c, ListAudit in) override;
  Task<Result<AuditReport>> verify_audit(Context c, VerifyAudit in) override;
  Task<Result<StreamPtr<AuditReport>>> watch_audit_verification(Context c, VerifyAudit in) override;
  Task<Result<StreamPtr<ExportLine>>> export_audit(Context c, ExportAudit in) override;
  Task<Result<AuditHead>> audit_head(Context c, http::Nothing in) override;
  Task<Result<Budget>> budget(Context c, http::Nothing in) override;
  Task<Result<ConstitutionInfo>> constitution(Context c, http::Nothing in) override;
  Task<Result<KeySetDocument>> keys(Context c, http::Nothing in) override;

 private:
  http::Binding<PolicyPort> b_;
};

}  // namespace writ::policy
