#include "governed/governed.h"

#include "governed/chat_stream.h"
#include "governed/questions.h"
#include "governed/settling.h"

namespace writ::governed {
namespace {

constexpr std::size_t calls_max = 4096;  // tool calls at once; those that hang stay among them
constexpr std::size_t result_bytes_max = 256UL * 1024;  // policy scans it whole, the model reads it: more is a mistake

json::value told(std::string_view code, std::string_view message) { return {{"error", code}, {"message", message}}; }

ToolReturn not_called(std::string_view code, std::string_view message) {
  return {.kind = ToolReturn::Kind::tool_error, .value = told(code, message), .called = false};
}

// What the model can mend it is told; what only time or people can mend goes to the caller. A `once` tool's refusal is
// an answer too: it did nothing, and a person need not be asked whether it did.
bool is_answer(const Error& error, tools::Effect effect) {
  if (effect == tools::Effect::once && error.outcome == Outcome::unknown) return false;
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::not_found: return true;
    case ErrorKind::forbidden:
    case ErrorKind::conflict:
    case ErrorKind::too_large:
    case ErrorKind::unsupported_media: return effect == tools::Effect::once;
    default: return false;
  }
}

}  // namespace

Governed::Governed(policy::PolicyPort& policy, slm::SlmPort& slm, const tools::Toolbox& tools, async::TaskGroup& tasks,
                   std::optional<policy::Holder> holder)
    : policy_(policy), slm_(slm), tools_(tools), tasks_(tasks), holder_(std::move(holder)), runner_(calls_max) {}

Task<Result<StreamPtr<ChatItem>>> Governed::chat(Context ctx, ChatCall call) {
  // Names the default model, so that the grant, the record and the prices are about a real one.
  if (call.prompt.model.empty()) {
    WRIT_CO_TRY(const auto list, co_await slm_.models(ctx, {}));
    for (const auto& model : list.models)
      if (model.is_default) call.prompt.model = model.id;
    if (call.prompt.model.empty()) co_return fail(not_found("no_model", "there is no default model"));
  }
  if (!call.counted) { WRIT_CO_TRY(call.counted, co_await slm_.count(ctx, call.prompt)); }
  const auto counted = *call.counted;
  auto room = counted.context - counted.prompt;
  if (room.value < 1)
    co_return fail(invalid("context_overflow", "the prompt has " + std::to_string(counted.prompt.value) +
                                                   " tokens, the model's context " +
                                                   std::to_string(counted.context.value)));
  if (call.step_tokens_max) {
    room = std::min(room, *call.step_tokens_max - counted.prompt);
    if (room.value < 1)
      co_return fail(Error{.kind = ErrorKind::quota_exceeded,
                           .code = "token_limit",
                           .message = "the prompt has " + std::to_string(counted.prompt.value) +
                                      " tokens, the run has " + std::to_string(call.step_tokens_max->value) + " left"});
  }
  call.prompt.max_tokens = std::min(call.prompt.max_tokens, room.value);
  auto question = ask_model_call(call, call.prompt.model, counted.prompt);
  question.holder = holder_;
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

Task<Result<Decided>> Governed::decide_start(Context ctx, std::string request_id, const Actor& actor, std::string model,
                                             int asked) {
  auto question = ask_start(request_id, actor, model, asked);
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

Task<Result<ToolReturn>> Governed::call_tool(Context ctx, ToolCall call, Decided allowed) {
  auto* tool = tools_.find(call.call.name);
  if (tool == nullptr) co_return fail(not_found("no_tool", "there is no tool " + call.call.name));
  if (allowed.decision.decision != policy::Verdict::allow || !allowed.decision.grant)
    co_return fail(forbidden("no_grant", "the call of " + call.call.name + " was not allowed"));
  auto arguments = parse_json(call.call.arguments);
  if (!arguments || !arguments->is_object())
    co_return not_called("bad_arguments", "the arguments are not a JSON object");
  if (const auto problems = tools::check_arguments(tool->info().input_schema, *arguments); !problems.empty())
    co_return not_called("bad_arguments", problems.front().pointer + " " + problems.front().message);
  auto result = co_await runner_.call(
      *tool, std::move(ctx), {.grant = *allowed.decision.grant, .idempotency_key = std::move(call.idempotency_key)},
      std::move(arguments->get_object()));
  if (!result) {
    if (!is_answer(result.error(), tool->info().effect)) co_return fail(std::move(result).error());
    co_return ToolReturn{.kind = ToolReturn::Kind::tool_error,
                         .value = told(result.error().code, result.error().message)};
  }
  if (const auto bytes = to_text(*result).size(); bytes > result_bytes_max)
    co_return ToolReturn{
        .kind = ToolReturn::Kind::tool_error,
        .value = told("result_too_large", "the tool did its work, but its result has " + std::to_string(bytes) +
                                              " bytes; at most " + std::to_string(result_bytes_max) + " are taken")};
  co_return ToolReturn{.value = std::move(*result)};
}

Task<Result<ToolOutcome>> Governed::judge_result(Context ctx, ToolCall call, tools::Effect effect,
                                                 ToolReturn returned) {
  using Kind = ToolOutcome::Kind;
  ToolOutcome out{.kind = returned.kind == ToolReturn::Kind::result ? Kind::result : Kind::tool_error};
  auto question = ask_tool_result(call, {.name = call.call.name, .effect = effect}, returned.value);
  Decided decided{
      .action = question.action, .resource = question.resource, .request_hash = question.request_hash, .decision = {}};
  WRIT_CO_TRY(decided.decision, co_await policy_.evaluate(std::move(ctx), std::move(question)));
  if (decided.decision.decision != policy::Verdict::allow) {
    out.kind = Kind::denied;
    out.result = told("denied", "the tool's result was withheld: " + reason_of(decided.decision));
  } else {
    out.result = std::move(returned.value);
  }
  out.decided = std::move(decided);
  co_return out;
}

}  // namespace writ::governed
