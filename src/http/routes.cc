#include "http/routes.h"

#include <algorithm>

#include "core/assert.h"

namespace writ::http {

std::string_view RawRequest::param(std::string_view name) const {
  for (const auto& [key, value] : params)
    if (key == name) return value;
  return {};
}

Task<Result<Reply>> refuse(Invocation call, Error error) {
  call.end(&error);
  co_return fail(std::move(error));
}

Reply json_reply(int status, const json::value& value) {
  constexpr int no_content = 204;
  Reply reply;
  reply.response.status = status;
  if (status == no_content) reply.response.content_type.clear();
  else reply.response.body = to_text(value);
  return reply;
}

Task<Result<Reply>> run_raw(std::shared_ptr<const RawHandler> handler, Invocation call, Context ctx,
                            Received received) {
  if (auto admitted = call.admit(ctx); !admitted)
    co_return co_await refuse(std::move(call), std::move(admitted).error());
  Result<RawResponse> out = fail(Error{});
  try {
    out = co_await (*handler)(std::move(ctx), {received.head, std::move(received.params), std::move(received.body)});
  } catch (...) { out = fail(call.crashed()); }
  if (!out) co_return co_await refuse(std::move(call), Invocation::of_method(std::move(out).error()));
  Reply reply;
  reply.response = *std::move(out);
  if (reply.response.stream)
    reply.response.stream =
        std::make_unique<InvokedStream<std::string>>(std::move(call), std::move(reply.response.stream));
  else call.end(nullptr);
  co_return reply;
}

std::string schema_name(std::string_view pretty_function) {
  constexpr std::string_view before = "[T = ", ours = "writ::";
  const auto start = pretty_function.find(before);
  WRIT_ASSERT(start != std::string_view::npos, "the compiler names T in __PRETTY_FUNCTION__");
  auto name = pretty_function.substr(start + before.size());
  name.remove_suffix(1);
  if (name.starts_with(ours)) name.remove_prefix(ours.size());
  std::string out;
  for (char c : name) {
    if (c == ':') {
      if (!out.ends_with('.')) out += '.';
    } else {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      out += plain ? c : '_';
    }
  }
  return out;
}

void Routes::add_raw(const OperationInfo& info, RawHandler handler) {
  push({info, Shape::unary, invoker_,
        [handler = std::make_shared<const RawHandler>(std::move(handler))](Invocation call, Context ctx,
                                                                           Received received) {
          return run_raw(handler, std::move(call), std::move(ctx), std::move(received));
        },
        [] { return RouteSchemas{}; }});
}

void Routes::push(Route route) {
  WRIT_ASSERT(route.info.path.starts_with('/') && !route.info.id.empty(),
              "an operation has an id and an absolute path");
  routes_.push_back(std::move(route));
}

}  // namespace writ::http
