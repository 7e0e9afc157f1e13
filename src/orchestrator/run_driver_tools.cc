// RunDriver's steps about tools: decide and send a call, keep what came of it, have it judged.
#include <algorithm>

#include <fmt/format.h>

#include "core/fail_point.h"
#include "orchestrator/decided_event.h"
#include "orchestrator/model_prompt.h"
#include "orchestrator/run_driver.h"

namespace writ::orchestrator {
namespace {

constexpr Millis retry_pause{1000};  // of a result that cannot be recorded

}  // namespace

Task<Status> RunDriver::decide_tool(DecideTool command) {
  FailedStep step{.step = command.step, .attempt = command.attempt};
  const auto* tool = std::ranges::find(capsule_->tools, command.call.name) == capsule_->tools.end()
                         ? nullptr
                         : deps_.tools.find(command.call.name);
  if (tool == nullptr) {
    deps_.probe.tool_call("tool_error");
    co_return co_await append({ToolResult{.step = command.step,
                                          .attempt = command.attempt,
                                          .call_id = command.call.id,
                                          .tool = command.call.name,
                                          .result = refusal("no_tool", "there is no tool " + command.call.name),
                                          .outcome = "tool_error"}});
  }
  auto principal = co_await resolve_principal();
  if (!principal) co_return co_await fail_step(step, std::move(principal).error());
  auto call = tool_call(command.step, command.attempt, command.call);
  if (!call) co_return co_await fail_step(step, std::move(call).error());
  WRIT_FAIL_POINT("orchestrator.before_send.decide_tool");
  auto decided = co_await deps_.governed.decide_tool(acting_context(*principal), *call);
  WRIT_FAIL_POINT("orchestrator.after_send.decide_tool");
  if (!decided) co_return co_await fail_step(step, std::move(decided).error());
  std::vector<Draft> drafts{event_of(*decided, command.step, command.attempt, command.call.id)};
  const bool once = tool->info().effect == tools::Effect::once;
  const bool allowed = decided->decision.decision == policy::Verdict::allow;
  if (allowed)
    drafts.emplace_back(StepStarted{.step = command.step,
                                    .attempt = command.attempt,
                                    .kind = StepKind::tool,
                                    .call_id = command.call.id,
                                    .tool = command.call.name,
                                    .arguments = call->call.arguments,
                                    .once = once});
  else if (decided->decision.decision == policy::Verdict::deny) deps_.probe.tool_call("denied");
  WRIT_CO_CHECK(co_await append(std::move(drafts)));
  if (!allowed || state_.finish) co_return Status{};
  co_return co_await send_tool(acting_context(std::move(*principal)), command.step, std::move(*call),
                               std::move(*decided), once);
}

Task<Status> RunDriver::send_tool(Context ctx, std::int64_t step, governed::ToolCall call, governed::Decided allowed,
                                  bool once) {
  const auto call_id = call.call.id, name = call.call.name;
  const auto attempt = call.actor.run->attempt;
  WRIT_FAIL_POINT("orchestrator.before_send.tool");
  auto returned = co_await deps_.governed.call_tool(std::move(ctx), std::move(call), std::move(allowed));
  WRIT_FAIL_POINT("orchestrator.after_send.tool");
  if (!returned) {
    deps_.probe.tool_call("failed");
    co_return co_await fail_step({.step = step, .attempt = attempt, .once = once, .started = true},
                                 std::move(returned).error());
  }
  const std::string what = returned->kind == governed::ToolReturn::Kind::result ? "result" : "tool_error";
  auto text = to_text(returned->value);
  if (returned->called) {
    const auto length = static_cast<std::int64_t>(text.size());
    co_return co_await keep_result({.step = step,
                                    .attempt = attempt,
                                    .call_id = call_id,
                                    .tool = name,
                                    .result = std::move(text),
                                    .length = length,
                                    .outcome = what});
  }
  deps_.probe.tool_call(what);
  co_return co_await append({ToolResult{
      .step = step, .attempt = attempt, .call_id = call_id, .tool = name, .result = std::move(text), .outcome = what}});
}

Task<Status> RunDriver::keep_result(ToolReturned returned) {
  for (;;) {
    auto kept = co_await append({returned});
    if (kept || kept.error().code == "fenced") co_return kept;
    deps_.log.failed("result_not_recorded", kept.error(), {{"run_id", claim_.run_id}}, trace_);
    if (!co_await async::sleep_for(retry_pause, stopping_)) co_return kept;
    // Perhaps it was committed, and only the answer was lost.
    if (auto looked = co_await append({}); !looked) continue;
    const auto* call = state_.open_call();
    if (call == nullptr || call->stage != CallState::Stage::started || call->attempt != returned.attempt)
      co_return Status{};
  }
}

Task<Status> RunDriver::judge_result(JudgeResult command) {
  const FailedStep step{.step = command.step, .attempt = command.attempt};
  const auto* text = texts_.find(command.result);
  if (text == nullptr) co_return co_await fail_step(step, conflict("content_erased", "the tool's result was erased"));
  auto principal = co_await resolve_principal();
  if (!principal) co_return co_await fail_step(step, std::move(principal).error());
  auto call = tool_call(command.step, command.attempt, command.call);
  if (!call) co_return co_await fail_step(step, std::move(call).error());
  using Kind = governed::ToolOutcome::Kind;
  auto parsed = parse_json(*text);
  const auto* tool = deps_.tools.find(command.call.name);
  const auto effect = tool != nullptr ? tool->info().effect
                      : command.once  ? tools::Effect::once
                                      : tools::Effect::idempotent;
  auto outcome = co_await deps_.governed.judge_result(
      acting_context(std::move(*principal)), std::move(*call), effect,
      {.kind =
           command.outcome == "result" ? governed::ToolReturn::Kind::result : governed::ToolReturn::Kind::tool_error,
       .value = parsed ? std::move(*parsed) : json::value(*text)});
  WRIT_FAIL_POINT("orchestrator.after_send.judge_result");
  if (!outcome) co_return co_await fail_step(step, std::move(outcome).error());
  const std::string what = outcome->kind == Kind::result   ? "result"
                           : outcome->kind == Kind::denied ? "denied"
                                                           : "tool_error";
  deps_.probe.tool_call(what);
  std::vector<Draft> drafts;
  if (outcome->decided)
    drafts.emplace_back(event_of(*outcome->decided, command.step, command.attempt, command.call.id));
  drafts.emplace_back(ToolResult{.step = command.step,
                                 .attempt = command.attempt,
                                 .call_id = command.call.id,
                                 .tool = command.call.name,
                                 .result = to_text(outcome->result),
                                 .outcome = what});
  co_return co_await append(std::move(drafts));
}

Result<governed::ToolCall> RunDriver::tool_call(std::int64_t step, std::int64_t attempt, const CallRef& call) const {
  const auto* arguments = texts_.find(call.arguments);
  if (arguments == nullptr) return fail(conflict("content_erased", "the arguments of the call were erased"));
  const auto at = std::ranges::find(state_.calls, call.id, [](const CallState& c) { return c.call.id; });
  const auto key = fmt::format("{}/{}.{}", claim_.run_id.str(), step, at - state_.calls.begin());
  return governed::ToolCall{.request_id = fmt::format("{}/{}", key, attempt),
                            .asked = asked(),
                            .actor = actor(step, attempt),
                            .call = {.id = call.id, .name = call.name, .arguments = *arguments},
                            .idempotency_key = key};
}

}  // namespace writ::orchestrator
