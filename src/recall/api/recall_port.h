// The port of recall-service and its operations: key/value memories per tenant and principal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "http/binding.h"

namespace writ::recall {

using schema::any;
using schema::field;
using schema::text;

/// `grant` is for tool.call of `remember` with exactly this key and value.
struct PutMemory {
  std::string key;
  std::string value;
  std::string grant;
  static constexpr auto fields() {
    return std::tuple(field("key", &PutMemory::key, text(1, 256), "Key."),
                      field("value", &PutMemory::value, text(0, 16384), "Value."),
                      field("grant", &PutMemory::grant, text(1, 8192), "Grant."));
  }
};
struct Stored {
  bool created = false;  // false: replaced
  static constexpr auto fields() { return std::tuple(field("created", &Stored::created, any, "New, or replaced.")); }
};
/// `grant` is for tool.call of `recall` with exactly this key.
struct GetMemory {
  std::string key;
  std::string grant;
  static constexpr auto fields() {
    return std::tuple(field("key", &GetMemory::key, text(1, 256), "Key."),
                      field("grant", &GetMemory::grant, text(1, 8192), "Grant."));
  }
};
struct Memory {
  bool found = false;
  std::string value;
  static constexpr auto fields() {
    return std::tuple(field("found", &Memory::found, any, "Whether there is one."),
                      field("value", &Memory::value, any, "Value."));
  }
};

class RecallPort {
 public:
  virtual ~RecallPort() = default;
  /// Replaces. Errors: forbidden (no_grant, grant_…).
  [[nodiscard]] virtual Task<Result<Stored>> put(Context ctx, PutMemory in) = 0;
  [[nodiscard]] virtual Task<Result<Memory>> get(Context ctx, GetMemory in) = 0;
};

namespace op {
inline constexpr http::Callers askers{{"orchestrator", "gateway"}};
inline constexpr http::Unary<PutMemory, Stored> put{{.id = "recall.put",
                                                     .method = http::Method::post,
                                                     .path = "/internal/v1/recall/put",
                                                     .summary = "Save a memory under a key.",
                                                     .exposure = http::internal_only,
                                                     .access = http::for_principal,
                                                     .callers = askers,
                                                     .repeat = http::Repeat::idempotent,
                                                     .errors = {{"no_grant"}}}};
inline constexpr http::Unary<GetMemory, Memory> get{{.id = "recall.get",
                                                     .method = http::Method::post,
                                                     .path = "/internal/v1/recall/get",
                                                     .summary = "Look a memory up by its key.",
                                                     .exposure = http::internal_only,
                                                     .access = http::for_principal,
                                                     .callers = askers,
                                                     .repeat = http::Repeat::idempotent,
                                                     .errors = {{"no_grant"}}}};
}  // namespace op

/// What a caller holds: the port over its binding.
class RecallClient final : public RecallPort {
 public:
  explicit RecallClient(http::Binding<RecallPort> binding) : b_(std::move(binding)) {}
  Task<Result<Stored>> put(Context c, PutMemory in) override;
  Task<Result<Memory>> get(Context c, GetMemory in) override;

 private:
  http::Binding<RecallPort> b_;
};

}  // namespace writ::recall
