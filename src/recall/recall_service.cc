#include "recall/recall_service.h"

namespace writ::recall {
namespace {

// A tool.call grant covers the operations that its tool declares (tools/memory_tools.cc).
policy::GrantVerifier::Expected call_of(std::string_view tool, json::object arguments) {
  return {.action = policy::Action::tool_call,
          .resource = std::string(tool),
          .request_hash = policy::tool_request_hash(tool, std::move(arguments))};
}

MemoryKey key_of(const Context& ctx, std::string key) {
  return {.tenant = ctx.principal.tenant, .subject = ctx.principal.subject, .key = std::move(key)};
}

}  // namespace

Task<Result<Stored>> RecallService::put(Context ctx, PutMemory in) {
  WRIT_CO_CHECK(grants_.accept(ctx, in.grant, call_of("remember", {{"key", in.key}, {"value", in.value}})));
  auto key = key_of(ctx, std::move(in.key));
  WRIT_CO_TRY(const bool created, co_await store_.put(std::move(ctx), std::move(key), std::move(in.value)));
  co_return Stored{.created = created};
}

Task<Result<Memory>> RecallService::get(Context ctx, GetMemory in) {
  WRIT_CO_CHECK(grants_.accept(ctx, in.grant, call_of("recall", {{"key", in.key}})));
  auto key = key_of(ctx, std::move(in.key));
  WRIT_CO_TRY(auto value, co_await store_.get(std::move(ctx), std::move(key)));
  co_return Memory{.found = value.has_value(), .value = std::move(value).value_or("")};
}

}  // namespace writ::recall
