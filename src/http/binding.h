// Binding: how a caller reaches a port, in this process or over HTTP; both go through the same invoke().
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "http/invoke.h"
#include "http/remote.h"

namespace writ::http {

/// Exactly one of `local` and `remote` is set. `caller` is the calling service's name, `callee` the called one's.
template <class Port>
class Binding {
 public:
  Binding(Invoker& invoker, std::string caller, Port& local)
      : invoker_(&invoker), caller_(std::move(caller)), local_(&local) {}
  Binding(Invoker& invoker, std::string caller, Remote& remote)
      : invoker_(&invoker), caller_(std::move(caller)), remote_(&remote) {}

  /// Errors: those of the operation; forbidden (missing_scope, caller_not_allowed), deadline, unavailable.
  template <class In, class Out>
  [[nodiscard]] Task<Result<Out>> call(const Unary<In, Out>& op, Task<Result<Out>> (Port::*method)(Context, In),
                                       Context ctx, In in) const {
    ctx.caller = caller_;
    if (remote_ != nullptr) return remote_->call(op, std::move(ctx), std::move(in));
    return invoke(*invoker_, op, *local_, method, std::move(ctx), std::move(in));
  }

  template <class In, class Out>
  [[nodiscard]] Task<Result<StreamPtr<Out>>> open(const Streaming<In, Out>& op,
                                                  Task<Result<StreamPtr<Out>>> (Port::*method)(Context, In),
                                                  Context ctx, In in) const {
    ctx.caller = caller_;
    if (remote_ != nullptr) return remote_->open(op, std::move(ctx), std::move(in));
    return invoke(*invoker_, op, *local_, method, std::move(ctx), std::move(in));
  }

 private:
  Invoker* invoker_;
  std::string caller_;
  Port* local_ = nullptr;
  Remote* remote_ = nullptr;
};

}  // namespace writ::http
