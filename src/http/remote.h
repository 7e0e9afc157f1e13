// Remote: a port in another process, called by the same operations as a local one.
#pragma once

#include <string>
#include <utility>

#include "http/client.h"
#include "http/invoke.h"
#include "schema/codec.h"

namespace writ::http {

/// Where the calling service gets its credentials; identity's client implements it.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  /// This service's own token for a callee. Errors: unavailable, unauthenticated.
  [[nodiscard]] virtual Task<Result<std::string>> service_token(Context ctx, std::string_view audience) = 0;
  /// Proof that this service acts for ctx.principal, good for this callee only; never asked when the context has none.
  [[nodiscard]] virtual Task<Result<std::string>> principal_token(Context ctx, std::string_view audience) = 0;
};

class Remote {
 public:
  /// callee: the called service's name, the audience of tokens. `invoker` is the caller's: it counts outbound calls.
  Remote(Client& client, CredentialSource& credentials, Invoker& invoker, std::string callee)
      : client_(&client), credentials_(&credentials), invoker_(&invoker), callee_(std::move(callee)) {}

  /// Errors: what the callee answered, whole; and those of Client::send().
  template <class In, class Out>
  [[nodiscard]] Task<Result<Out>> call(const Unary<In, Out>& op, Context ctx, In in) {
    WRIT_CO_TRY(const auto reply, co_await exchange(op.info, std::move(ctx), schema::encode(in).as_object()));
    auto out = schema::decode<Out>(reply, {.unknown = schema::Unknown::ignore});
    if (!out) co_return fail(bad_reply(op.info, out.error()));
    co_return out;
  }

  template <class In, class Out>
  [[nodiscard]] Task<Result<StreamPtr<Out>>> open(const Streaming<In, Out>& op, Context ctx, In in) {
    WRIT_CO_TRY(auto items, co_await open_items(op.info, std::move(ctx), schema::encode(in).as_object()));
    co_return std::make_unique<Items<Out>>(op.info, std::move(items));
  }

 private:
  template <class Out>
  class Items final : public Stream<Out> {
   public:
    Items(const OperationInfo& info, StreamPtr<json::value> inner) : info_(&info), inner_(std::move(inner)) {}
    Task<Result<std::optional<Out>>> next() override {
      WRIT_CO_TRY(auto item, co_await inner_->next());
      if (!item) co_return std::optional<Out>();
      auto out = schema::decode<Out>(*item, {.unknown = schema::Unknown::ignore});
      if (!out) co_return fail(bad_reply(*info_, out.error()));
      co_return std::optional<Out>(*std::move(out));
    }

   private:
    const OperationInfo* info_;
    StreamPtr<json::value> inner_;
  };

  Task<Result<json::value>> exchange(const OperationInfo& info, Context ctx, json::object in);
  Task<Result<StreamPtr<json::value>>> open_items(const OperationInfo& info, Context ctx, json::object in);
  Task<Result<ClientRequest>> prepare(const OperationInfo& info, Context ctx, json::object in);
  static Error bad_reply(const OperationInfo& info, const Error& problems);
  [[nodiscard]] std::string reaching() const { return "reaching " + callee_; }

  Client* client_;
  CredentialSource* credentials_;
  Invoker* invoker_;
  std::string callee_;
};

}  // namespace writ::http
