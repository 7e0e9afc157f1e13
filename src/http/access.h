// Who may perform an operation: its callers and the scope it wants; the one check, at the door and in invoke().
#pragma once

#include "core/context.h"
#include "core/result.h"
#include "http/operation.h"

namespace writ::http {

/// Errors: unauthenticated (no_principal, no_caller), forbidden (missing_scope, caller_not_allowed).
[[nodiscard]] Status check_access(const OperationInfo& info, const Principal& principal, std::string_view caller);

}  // namespace writ::http
