#include "tools/memory_tools.h"

#include "tools/schemas.h"

namespace writ::tools {
namespace {

constexpr std::size_t key_max = 256, value_max = 16384;  // recall-service's own bounds

class Remember final : public Tool {
 public:
  explicit Remember(recall::RecallPort& recall) : recall_(recall) {}
  const ToolInfo& info() const override { return info_; }
  Task<Result<json::value>> call(Context ctx, ToolCallContext call, json::object arguments) override {
    const std::string key(text_at(arguments, "key"));
    WRIT_CO_TRY(
        [[maybe_unused]] const auto stored,
        co_await recall_.put(std::move(ctx),
                             {.key = key, .value = std::string(text_at(arguments, "value")), .grant = call.grant}));
    co_return json::value{{"saved", true}, {"key", key}};
  }

 private:
  recall::RecallPort& recall_;
  ToolInfo info_{.name = "remember",
                 .description = "Save a fact under a short key, to be recalled in later conversations.",
                 .input_schema = object_schema({{"key", text_schema(1, key_max)}, {"value", text_schema(0, value_max)}},
                                               {"key", "value"}),
                 .output_schema =
                     object_schema({{"saved", {{"type", "boolean"}}}, {"key", {{"type", "string"}}}}, {"saved", "key"}),
                 .effect = Effect::idempotent,
                 .timeout = Seconds{5},
                 .egress = {"recall.put"}};
};

class Recall final : public Tool {
 public:
  explicit Recall(recall::RecallPort& recall) : recall_(recall) {}
  const ToolInfo& info() const override { return info_; }
  Task<Result<json::value>> call(Context ctx, ToolCallContext call, json::object arguments) override {
    const std::string key(text_at(arguments, "key"));
    WRIT_CO_TRY(const auto memory, co_await recall_.get(std::move(ctx), {.key = key, .grant = call.grant}));
    json::object out{{"found", memory.found}, {"key", key}};
    if (memory.found) out["value"] = memory.value;
    co_return json::value(std::move(out));
  }

 private:
  recall::RecallPort& recall_;
  ToolInfo info_{.name = "recall",
                 .description = "Look up a fact saved earlier by its key.",
                 .input_schema = object_schema({{"key", text_schema(1, key_max)}}, {"key"}),
                 .output_schema = object_schema(
                     {{"found", {{"type", "boolean"}}}, {"key", {{"type", "string"}}}, {"value", {{"type", "string"}}}},
                     {"found", "key"}),
                 .effect = Effect::idempotent,
                 .timeout = Seconds{5},
                 .egress = {"recall.get"}};
};

}  // namespace

std::unique_ptr<Tool> make_remember(recall::RecallPort& recall) { return std::make_unique<Remember>(recall); }
std::unique_ptr<Tool> make_recall(recall::RecallPort& recall) { return std::make_unique<Recall>(recall); }

}  // namespace writ::tools
