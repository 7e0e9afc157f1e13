#include "identity/audit_facts.h"

#include "schema/codec.h"

namespace writ::identity {

Actor actor_of(const Context& ctx) { return {.principal = ctx.principal, .trace_id = ctx.trace.trace_id}; }

Status tell(sql::Transaction& tx, const Actor& by, const policy::AuditKind& kind, const TenantId& tenant,
            json::object what) {
  const auto& who = by.principal;
  policy::AppendAudit fact{.tenant = tenant,
                           .id = std::string(kind.kind) + "/" + uuid7_base32(tx.now(), system_random()),
                           .kind = std::string(kind.kind),
                           .data = std::move(what),
                           .subject = {}};
  if (!who.subject.empty()) fact.subject = who.subject.str();
  if (!who.subject.empty() && who.tenant != tenant) fact.data["by_tenant"] = who.tenant.str();
  if (!who.credential.key_id.empty()) fact.data["by_key"] = who.credential.key_id.str();
  if (!who.credential.token_id.empty()) fact.data["by_token"] = who.credential.token_id;
  if (!who.act.empty()) fact.data["by_act"] = schema::encode(who.act);
  if (!by.trace_id.empty()) fact.data["trace_id"] = by.trace_id;
  return outbox::tell(tx, fact);
}

}  // namespace writ::identity
