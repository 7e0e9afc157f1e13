#include "policy/api/policy_port.h"

// Not in the header: everybody who knows the port would compile its calls over HTTP once more.

namespace writ::policy {

Task<Result<Decision>> PolicyClient::evaluate(Context c, EvaluateRequest in) {
  return b_.call(op::evaluate, &PolicyPort::evaluate, std::move(c), std::move(in));
}

Task<Result<Inspection>> PolicyClient::inspect(Context c, InspectRequest in) {
  return b_.call(op::inspect, &PolicyPort::inspect, std::move(c), std::move(in));
}

Task<Result<Settled>> PolicyClient::settle(Context c, SettleRequest in) {
  return b_.call(op::settle, &PolicyPort::settle, std::move(c), std::move(in));
}

Task<Result<Finished>> PolicyClient::finish(Context c, FinishRequest in) {
  return b_.call(op::finish, &PolicyPort::finish, std::move(c), std::move(in));
}

Task<Result<Appended>> PolicyClient::append_audit(Context c, AppendAudit in) {
  return b_.call(op::append_audit, &PolicyPort::append_audit, std::move(c), std::move(in));
}

Task<Result<AuditPage>> PolicyClient::list_audit(Context c, ListAudit in) {
  return b_.call(op::list_audit, &PolicyPort::list_audit, std::move(c), std::move(in));
}

Task<Result<AuditReport>> PolicyClient::verify_audit(Context c, VerifyAudit in) {
  return b_.call(op::verify_audit, &PolicyPort::verify_audit, std::move(c), std::move(in));
}

Task<Result<StreamPtr<AuditReport>>> PolicyClient::watch_audit_verification(Context c, VerifyAudit in) {
  return b_.open(op::watch_audit_verification, &PolicyPort::watch_audit_verification, std::move(c), std::move(in));
}

Task<Result<StreamPtr<ExportLine>>> PolicyClient::export_audit(Context c, ExportAudit in) {
  return b_.open(op::export_audit, &PolicyPort::export_audit, std::move(c), std::move(in));
}

Task<Result<AuditHead>> PolicyClient::audit_head(Context c, http::Nothing in) {
  return b_.call(op::audit_head, &PolicyPort::audit_head, std::move(c), in);
}

Task<Result<Budget>> PolicyClient::budget(Context c, http::Nothing in) {
  return b_.call(op::budget, &PolicyPort::budget, std::move(c), std::move(in));
}

Task<Result<ConstitutionInfo>> PolicyClient::constitution(Context c, http::Nothing in) {
  return b_.call(op::constitution, &PolicyPort::constitution, std::move(c), std::move(in));
}

Task<Result<KeySetDocument>> PolicyClient::keys(Context c, http::Nothing in) {
  return b_.call(op::keys, &PolicyPort::keys, std::move(c), std::move(in));
}

}  // namespace writ::policy
