#include "governed/governed.h"

#include "governed/chat_stream.h"
#include "governed/questions.h"
#include "governed/settling.h"

namespace writ::governed {
namespace {

json::value told(std::string_view code, std::string_view message) { return {{"error", code}, {"message", message}}; }

}  // namespace

Governed::Governed(policy::PolicyPort& policy, slm::SlmPort& slm, const tools::Toolbox& tools, async::TaskGroup& tasks)
    : policy_(policy), slm_(slm), tools_(tools), tasks_(tasks) {}

Task<Result<StreamPtr<ChatItem>>> Governed::chat(Context ctx, ChatCall call) {
  // Names the default model, so that the grant, the record and the prices are about a real one.
  if (call.prompt.model.empty()) {
    WRIT_CO_TRY(const auto list, co_await slm_.models(ctx, {}));
    for (const auto& model : list.models)
      if (model.is_default) call.prompt.model = model.id;
    if (call.prompt.model.empty()) co_return fail(not_found("no_model", "there is no default model"));
  }
  WRIT_CO_TRY(const auto counted, co_await slm_.count(ctx, call.prompt));
  const auto room = counted.context - counted.prompt;
  if (room.value < 1)
    co_return fail(invalid("context_overflow", "the prompt has " + std::to_string(counted.prompt.value) +
                                                   " tokens, the model's context " +
                                                   std::to_string(counted.context.value)));
  call.prompt.max_tokens = std::min(call.prompt.max_tokens, room.value);
  auto question = ask_model_call(call, call.prompt.model, counted.prompt);
  Decided decided{
      .action = question.action, .resource = question.resource, .request_hash = question.request_hash, .decision = {}};
  const auto here = co_await async::this_executor();
  const Settling settling(policy_, tasks_);
  auto judged = co_await policy_.evaluate(ctx, question);
  if (!judged) {
    // Perhaps decided and reserved all the same: without an answer nobody would ever settle it.
    if (judged.error().outcome == Outcome::unknown)
      settling.give_back(here, ctx, std::move(question), call.request_id + "/settle");
    co_return fail(std::move(judged).error());
  }
  decided.decision = std::move(*judged);
  StreamPtr<slm::ChatEvent> events;
  if (decided.decision.decision == policy::Verdict::allow) {
    // The reservation is an enforced bound: the call ends before it expires.
    if (const auto& reservation = decided.decision.reservation)
      ctx.deadline = std::min(ctx.deadline, system_clock().steady() + (reservation->expires_at - system_clock().now()));
    auto opened = co_await slm_.chat(ctx, {.prompt = call.prompt, .grant = decided.decision.grant.value_or("")});
    if (!opened) {
      // A model that may have begun has read the prompt; else nothing was used.
      const auto used = opened.error().outcome == Outcome::unknown ? counted.prompt : Tokens{0};
      settling.charge(
          here, ctx,
          {.request_id = call.request_id + "/settle", .decision_id = decided.decision.decision_id, .actual = used},
          decided.decision.reservation);
      co_return fail(std::move(opened).error());
    }
    events = std::move(*opened);
  }
  co_return std::make_unique<ChatStream>(policy_, settling, here, std::move(ctx), std::move(call), counted.prompt,
                                         std::move(decided), std::move(events));
}

Task<Result<Decided>> Governed::decide_start(Context ctx, std::string request_id, const Actor& actor,
                                             std::string model) {
  auto question = ask_start(request_id, actor, model);
  Decided decided{
      .action = question.action, .resource = question.resource, .request_hash = question.request_hash, .decision = {}};
  WRIT_CO_TRY(decided.decision, co_await policy_.evaluate(std::move(ctx), std::move(question)));
  co_return decided;
}

Task<Result<Decided>> Governed::decide_tool(Context ctx, const ToolCall& call) {
  const auto* tool = tools_.find(call.call.name);
  if (tool == nullptr) co_return fail(not_found("no_tool", "there is no tool " + call.call.name));
  auto question = ask_tool_call(call, tool->info());
  Decided decided{
      .action = question.action, .resource = question.resource, .request_hash = question.request_hash, .decision = {}};
  WRIT_CO_TRY(decided.decision, co_await policy_.evaluate(std::move(ctx), std::move(question)));
  co_return decided;
}

Task<Result<ToolOutcome>> Governed::run_tool(Context ctx, ToolCall call, Decided allowed) {
  auto* tool = tools_.find(call.call.name);
  if (tool == nullptr) co_return fail(not_found("no_tool", "there is no tool " + call.call.name));
  if (allowed.decision.decision != policy::Verdict::allow || !allowed.decision.grant)
    co_return fail(forbidden("no_grant", "the call of " + call.call.name + " was not allowed"));
  ToolOutcome out;
  auto arguments = parse_json(call.call.arguments);
  if (!arguments || !arguments->is_object()) {
    out.kind = ToolOutcome::Kind::tool_error;
    out.result = told("bad_arguments", "the arguments are not a JSON object");
    co_return out;
  }
  if (const auto problems = tools::check_arguments(tool->info().input_schema, *arguments); !problems.empty()) {
    out.kind = ToolOutcome::Kind::tool_error;
    out.result = told("bad_arguments", problems.front().pointer + " " + problems.front().message);
    co_return out;
  }
  auto result = co_await tool->call(ctx.within(tool->info().timeout),
                                    {.grant = *allowed.decision.grant, .idempotency_key = call.idempotency_key},
                                    std::move(arguments->get_object()));
  if (!result) {
    // What the model can mend it is told; what only time or people can mend goes to the caller.
    if (result.error().kind != ErrorKind::invalid && result.error().kind != ErrorKind::not_found)
      co_return fail(std::move(result).error());
    out.kind = ToolOutcome::Kind::tool_error;
    result = told(result.error().code, result.error().message);
  }
  auto question = ask_tool_result(call, tool->info(), *result);
  Decided decided{
      .action = question.action, .resource = question.resource, .request_hash = question.request_hash, .decision = {}};
  auto judged = co_await policy_.evaluate(ctx, std::move(question));
  if (!judged) {
    // The effect has happened; only the look at its result failed.
    judged.error().outcome = Outcome::unknown;
    co_return fail(std::move(judged).error());
  }
  decided.decision = std::move(*judged);
  if (decided.decision.decision != policy::Verdict::allow) {
    out.kind = ToolOutcome::Kind::denied;
    out.result = told("denied", "the tool's result was withheld: " + reason_of(decided.decision));
  } else {
    out.result = std::move(*result);
  }
  out.decided = std::move(decided);
  co_return out;
}

}  // namespace writ::governed
