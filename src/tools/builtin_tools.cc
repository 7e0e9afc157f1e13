#include "tools/builtin_tools.h"

#include <date/tz.h>

#include "tools/arithmetic.h"
#include "tools/schemas.h"

namespace writ::tools {
namespace {

class Calculator final : public Tool {
 public:
  const ToolInfo& info() const override { return info_; }
  Task<Result<json::value>> call(Context, ToolCallContext, json::object arguments) override {
    WRIT_CO_TRY(auto result, evaluate_expression(text_at(arguments, "expression")));
    co_return json::value{{"result", result}};
  }

 private:
  ToolInfo info_{.name = "calculator",
                 .description = "Evaluate an arithmetic expression, such as (3 + 4) * 2 or 15% of 80.",
                 .input_schema = object_schema({{"expression", text_schema(1, expression_max)}}, {"expression"}),
                 .output_schema = object_schema({{"result", {{"type", "string"}}}}, {"result"}),
                 .effect = Effect::pure,
                 .timeout = Seconds{1}};
};

class WallClock final : public Tool {
 public:
  explicit WallClock(const Clock& clock) : clock_(clock) {}
  const ToolInfo& info() const override { return info_; }
  Task<Result<json::value>> call(Context, ToolCallContext, json::object arguments) override {
    auto name = std::string(text_at(arguments, "timezone"));
    if (name.empty()) name = "UTC";
    try {
      const auto local = date::make_zoned(name, std::chrono::floor<Seconds>(clock_.now()));
      co_return json::value{{"date", date::format("%F", local)},
                            {"time", date::format("%T", local)},
                            {"timezone", name},
                            {"weekday", date::format("%A", local)}};
    } catch (const std::runtime_error&) {
      co_return fail(
          invalid("unknown_timezone", "there is no time zone " + name + "; use a name such as Europe/Paris"));
    }
  }

 private:
  const Clock& clock_;
  ToolInfo info_{.name = "clock",
                 .description = "Tell the current date and time, in UTC or in a named time zone such as Europe/Paris.",
                 .input_schema = object_schema({{"timezone", text_schema(1, 64)}}, {}),
                 .output_schema = object_schema({{"date", {{"type", "string"}}},
                                                 {"time", {{"type", "string"}}},
                                                 {"timezone", {{"type", "string"}}},
                                                 {"weekday", {{"type", "string"}}}},
                                                {"date", "time", "timezone", "weekday"}),
                 .effect = Effect::idempotent,
                 .timeout = Seconds{1}};
};

}  // namespace

std::unique_ptr<Tool> make_calculator() { return std::make_unique<Calculator>(); }
std::unique_ptr<Tool> make_clock(const Clock& clock) { return std::make_unique<WallClock>(clock); }

}  // namespace writ::tools
