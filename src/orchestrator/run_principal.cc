// The part of the driver that asks identity on whose behalf a run acts, and whose approvals count.
#include <algorithm>

#include "orchestrator/run_driver.h"

namespace writ::orchestrator {

Task<Result<Principal>> RunDriver::resolve_principal() {
  auto ctx = acting_context({});  // as a service: it has no token of the principal yet
  const auto& start = state_.start;
  auto resolved = co_await deps_.identity.resolve(std::move(ctx), {.tenant = claim_.tenant,
                                                                   .subject = start.subject,
                                                                   .credential = start.credential,
                                                                   .scopes = start.scopes,
                                                                   .act = start.act});
  if (!resolved && resolved.error().kind == ErrorKind::not_found)
    co_return fail(not_found("principal_gone",
                             "the run's principal " + state_.start.subject.str() + " no longer exists or was revoked"));
  if (!resolved) co_return fail(std::move(resolved).error());
  WRIT_CO_CHECK(co_await check_approvers());
  auto& info = resolved->principal;
  co_return Principal{.tenant = info.tenant,
                      .subject = info.subject,
                      .kind = info.kind,
                      .scopes = std::move(info.scopes),
                      .act = start.act,
                      .credential = start.credential ? start.credential->credential() : Credential{}};
}

// Between an approval and its use the approver may have been removed, or be seen to be the requester's other self.
Task<Status> RunDriver::check_approvers() {
  lapsed_.clear();
  std::vector<Subject> seen;
  const auto& start = state_.start;
  for (const auto& approval : state_.approvals) {
    if (std::ranges::find(seen, approval.approver) != seen.end()) continue;
    seen.push_back(approval.approver);
    WRIT_CO_TRY(const auto check,
                co_await deps_.identity.check_approver(
                    acting_context({}),
                    {.tenant = claim_.tenant,
                     .requester = {.subject = start.subject, .credential = start.credential, .act = start.act},
                     .approver = {.subject = approval.approver}}));
    if (!check.code.empty()) lapsed_.push_back(approval.approver);
  }
  co_return Status{};
}

}  // namespace writ::orchestrator
