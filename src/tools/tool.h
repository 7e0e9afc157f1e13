// Tool: something an agent may do. Its effect says what may happen after a crash.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "core/context.h"
#include "core/json.h"
#include "schema/field.h"

namespace writ::tools {

/// pure: no effect. idempotent: the same key twice has one effect. once: a call of unknown outcome waits for a person.
enum class Effect { pure, idempotent, once };

struct ToolInfo {
  std::string name;
  std::int64_t version = 1;
  std::string description;     // the model reads it
  json::object input_schema;   // JSON Schema of the arguments
  json::object output_schema;
  Effect effect = Effect::pure;
  Millis timeout = Seconds{10};
  std::vector<std::string> egress;      // operations and hosts it reaches, such as "recall.put"
  std::vector<std::string> secrets;     // names of secrets it needs
};

/// What a call carries beside its arguments.
struct ToolCallContext {
  std::string grant;            // of the tool.call decision, for guarded operations the tool declares
  std::string idempotency_key;  // run/step/call, the same for every attempt
};

class Tool {
 public:
  virtual ~Tool() = default;
  [[nodiscard]] virtual const ToolInfo& info() const = 0;
  /// `arguments` match the input schema. Errors: invalid, not_found and other refusals (the model is told), unavailable,
  /// deadline, cancelled, internal; outcome_of() says what each means for the effect. Never blocks its thread.
  [[nodiscard]] virtual Task<Result<json::value>> call(Context ctx, ToolCallContext call, json::object arguments) = 0;
};

/// Whether the effect of a call that failed may have happened: `unknown`, unless the tool says otherwise. It says so by a
/// refusal (invalid, not_found, forbidden, conflict, …: it looked and did nothing) or by the outcome `not_sent`. That a call
/// was too late, cancelled, broken or not reachable says nothing of its effect.
[[nodiscard]] Outcome outcome_of(const Error& error);

/// The tools of one process, by name. Immutable once services run.
class Toolbox {
 public:
  void add(std::unique_ptr<Tool> tool);
  /// nullptr when there is none.
  [[nodiscard]] Tool* find(std::string_view name) const;
  [[nodiscard]] std::vector<const Tool*> all() const;
  /// OpenAI's form, in the order of `names`. Errors: not_found (no_tool).
  [[nodiscard]] Result<json::array> openai_tools(const std::vector<std::string>& names) const;

 private:
  std::vector<std::unique_ptr<Tool>> tools_;
};

/// Problems of arguments against a tool's input schema, at JSON pointers; empty when they match. The subset of JSON
/// Schema: type, properties, required, additionalProperties, enum, const, items, min/max of numbers, lengths and counts.
[[nodiscard]] std::vector<Problem> check_arguments(const json::object& schema, const json::value& arguments);

}  // namespace writ::tools

template <>
struct writ::schema::EnumNames<writ::tools::Effect> {
  using E = writ::tools::Effect;
  static constexpr auto value = std::array<std::pair<E, std::string_view>, 3>{
      {{E::pure, "pure"}, {E::idempotent, "idempotent"}, {E::once, "once"}}};
};
