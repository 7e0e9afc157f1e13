// Authenticator: the port that says who sent a request; identity implements it.
#pragma once

#include <string>

#include "async/task.h"
#include "core/context.h"
#include "http/message.h"
#include "http/operation.h"

namespace writ::http {

/// Who was proved: on whose behalf, and (for internal operations) which service calls; empty where there is none.
struct Authenticated {
  Principal principal;
  std::string caller;
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// Called once per request, before its body is read, never for operations with open access. `ctx` carries deadline,
  /// cancellation and trace only. `head` and `info` stay valid until the answer.
  /// Errors: unauthenticated (no_credentials, bad_token, …), unavailable. Scopes and callers are checked after it.
  [[nodiscard]] virtual Task<Result<Authenticated>> authenticate(Context ctx, const RequestHead& head,
                                                                 const OperationInfo& info) = 0;
};

}  // namespace writ::http
