#include "http/access.h"

namespace writ::http {

Status check_access(const OperationInfo& info, const Principal& principal, std::string_view caller) {
  const auto& access = info.access;
  const bool service = access.kind() == Access::Kind::service || access.kind() == Access::Kind::service_for_principal;
  if (service && caller.empty()) return fail(unauthenticated("no_caller", "this operation wants a service token"));
  // Outsiders come without a caller, and only public operations are where they come.
  const bool outsider = caller.empty() && info.exposure.kind() == Exposure::Kind::public_;
  if (!outsider && !info.callers.allows(caller))
    return fail(forbidden("caller_not_allowed",
                          "service \"" + std::string(caller) + "\" may not call " + std::string(info.id)));
  if (access.kind() == Access::Kind::open || access.kind() == Access::Kind::service) return {};
  if (principal.subject.empty()) return fail(unauthenticated("no_principal", "this operation wants a principal"));
  if (access.kind() == Access::Kind::scope && !principal.has_scope(access.scope()))
    return fail(forbidden("missing_scope", "the scope " + std::string(access.scope()) + " is missing"));
  return {};
}

}  // namespace writ::http
