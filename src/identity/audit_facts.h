// Who changed what among principals, keys and tokens: told to the audit in the transaction of the change.
#pragma once

#include <string>

#include "core/context.h"
#include "outbox/audit_outbox.h"
#include "policy/api/audit_kinds.h"

namespace writ::identity {

/// Who is behind a change, as the request's context says it.
struct Actor {
  Principal principal;  // without a subject: set-up itself
  std::string trace_id;
};
[[nodiscard]] Actor actor_of(const Context& ctx);

/// Adds the fact to the chain of `tenant`, whose principals, keys or tokens were changed. what: ids and scopes, no secrets.
/// Errors: those of Transaction::run.
[[nodiscard]] Status tell(sql::Transaction& tx, const Actor& by, const policy::AuditKind& kind, const TenantId& tenant,
                          json::object what);

}  // namespace writ::identity
