// RefusingPolicyPort: what tests of policy's callers begin with.
#pragma once

#include "policy/api/policy_port.h"

namespace writ::policy {

/// Fails every operation as internal (unused): a test overrides those that its subject may call, and sees the others fail.
class RefusingPolicyPort : public PolicyPort {
 public:
  Task<Result<Decision>> evaluate(Context, EvaluateRequest) override { co_return unused(); }
  Task<Result<Inspection>> inspect(Context, InspectRequest) override { co_return unused(); }
  Task<Result<Settled>> settle(Context, SettleRequest) override { co_return unused(); }
  Task<Result<Finished>> finish(Context, FinishRequest) override { co_return unused(); }
  Task<Result<Appended>> append_audit(Context, AppendAudit) override { co_return unused(); }
  Task<Result<AuditPage>> list_audit(Context, ListAudit) override { co_return unused(); }
  Task<Result<AuditReport>> verify_audit(Context, VerifyAudit) override { co_return unused(); }
  Task<Result<StreamPtr<AuditReport>>> watch_audit_verification(Context, VerifyAudit) override { co_return unused(); }
  Task<Result<StreamPtr<ExportLine>>> export_audit(Context, ExportAudit) override { co_return unused(); }
  Task<Result<AuditHead>> audit_head(Context, http::Nothing) override { co_return unused(); }
  Task<Result<Budget>> budget(Context, http::Nothing) override { co_return unused(); }
  Task<Result<ConstitutionInfo>> constitution(Context, http::Nothing) override { co_return unused(); }
  Task<Result<KeySetDocument>> keys(Context, http::Nothing) override { co_return unused(); }

 private:
  static std::unexpected<Error> unused() { return fail(internal("unused")); }
};

}  // namespace writ::policy
