#include "orchestrator/run_driver.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/fail_point.h"
#include "observability/span.h"
#include "orchestrator/model_prompt.h"
#include "orchestrator/public_event.h"

namespace writ::orchestrator {
namespace {

constexpr Millis store_patience{10'000};  // a commit that takes longer means a disk that is gone

Decided event_of(const governed::Decided& decided, std::int64_t step, std::int64_t attempt, std::string call_id = {}) {
  const auto& d = decided.decision;
  return {.step = step,
          .attempt = attempt,
          .call_id = std::move(call_id),
          .action = decided.action,
          .resource = decided.resource,
          .argument_hash = decided.request_hash,
          .decision = d.decision,
          .decision_id = d.decision_id,
          .reasons = d.reasons,
          .policy_version = d.policy_version,
          .review_scope = d.review_scope,
          .tokens_left = d.tokens_left};
}

// A model may use one id twice in an answer; results would not find their call.
std::vector<CallRef> call_refs(const std::vector<slm::ToolCall>& calls) {
  std::vector<CallRef> out;
  for (const auto& call : calls) {
    auto id = call.id;
    while (id.empty() || std::ranges::find(out, id, &CallRef::id) != out.end())
      id += fmt::format("_{}", out.size() + 1);
    out.push_back({.id = std::move(id), .name = call.name, .arguments = call.arguments});
  }
  return out;
}

std::optional<WallTime> parked_until(const Command& command) {
  if (const auto* review = std::get_if<AwaitReview>(&command)) return review->until;
  if (const auto* wait = std::get_if<AwaitDependency>(&command)) return wait->until;
  return std::nullopt;
}

}  // namespace

RunDriver::RunDriver(const DriverDeps& deps, Claim claim, std::stop_token interrupt, std::stop_token stopping)
    : deps_(deps),
      claim_(std::move(claim)),
      interrupt_(std::move(interrupt)),
      stopping_(std::move(stopping)),
      trace_(observability::new_trace(deps.random)) {}

Task<Status> RunDriver::drive() {
  WRIT_CO_TRY(auto loaded, co_await deps_.store.load(own_context(), claim_));
  state_ = std::move(loaded.state);
  texts_ = std::move(loaded.texts);
  earlier_ = std::move(loaded.earlier);
  capsule_ = deps_.capsules.find(state_.start.capsule, state_.start.capsule_version);
  while (!stopping_.stop_requested() && !given_back_) {
    const auto now = deps_.clock.now();
    auto command = next(state_, now);
    if (!command) break;
    if (const auto until = parked_until(*command); until && now < *until) {
      WRIT_CO_TRY(const bool released, co_await deps_.store.release(own_context(), claim_, state_.last_seq, *until));
      if (released) break;
      WRIT_CO_CHECK(co_await append({}));
      continue;
    }
    WRIT_CO_CHECK(co_await perform(std::move(*command)));
  }
  co_return Status{};
}

Task<Status> RunDriver::perform(Command command) {
  if (capsule_ == nullptr && !std::holds_alternative<Finish>(command))
    co_return co_await append({RunFinished{
        .status = RunStatus::failed,
        .reason = fmt::format("no_capsule: {}@{} is not installed", state_.start.capsule, state_.start.capsule_version),
        .prompt = state_.prompt,
        .completion = state_.completion}});
  if (auto* c = std::get_if<DecideStart>(&command)) co_return co_await decide_start(*c);
  if (auto* c = std::get_if<CallModel>(&command)) co_return co_await call_model(*c);
  if (auto* c = std::get_if<DecideTool>(&command)) co_return co_await decide_tool(std::move(*c));
  if (auto* c = std::get_if<RunTool>(&command)) co_return co_await run_tool(std::move(*c));
  if (auto* c = std::get_if<RequestReview>(&command)) co_return co_await request_review(std::move(*c));
  std::vector<Draft> drafts;
  if (const auto* r = std::get_if<Restart>(&command)) {
    drafts.emplace_back(StepRestarted{.step = r->step, .attempt = r->attempt, .call_id = r->call_id});
  } else if (const auto* review = std::get_if<AwaitReview>(&command)) {
    drafts.emplace_back(ReviewAnswered{
        .review_id = review->review_id, .answer = ReviewAnswer::deny, .decision_id = state_.review->decision_id});
  } else if (const auto* wait = std::get_if<AwaitDependency>(&command)) {
    drafts.emplace_back(Resumed{.step = wait->step, .attempt = wait->attempt});
  } else {
    drafts.push_back(draft_of(std::get<Finish>(command).result));
  }
  co_return co_await append(std::move(drafts));
}

Task<Status> RunDriver::decide_start(DecideStart command) {
  auto principal = co_await resolve_principal();
  if (!principal) co_return co_await fail_step({.attempt = command.attempt}, std::move(principal).error());
  deps_.probe.step("start");
  WRIT_FAIL_POINT("orchestrator.before_send.start");
  auto decided = co_await deps_.governed.decide_start(acting_context(*principal),
                                                      fmt::format("{}/0/{}", claim_.run_id.str(), command.attempt),
                                                      actor(0, command.attempt), state_.start.model);
  WRIT_FAIL_POINT("orchestrator.after_send.start");
  if (!decided) co_return co_await fail_step({.attempt = command.attempt}, std::move(decided).error());
  co_return co_await append({event_of(*decided, 0, command.attempt)});
}

Task<Status> RunDriver::call_model(CallModel command) {
  FailedStep step{.step = command.step, .attempt = command.attempt};
  auto prompt = model_prompt(state_, texts_, earlier_, *capsule_, deps_.tools);
  if (!prompt) co_return co_await fail_step(step, std::move(prompt).error());
  auto principal = co_await resolve_principal();
  if (!principal) co_return co_await fail_step(step, std::move(principal).error());
  WRIT_CO_CHECK(
      co_await append({StepStarted{.step = command.step, .attempt = command.attempt, .kind = StepKind::model}}));
  if (!state_.model_started) co_return Status{};  // somebody cancelled it meanwhile
  step.started = true;
  WRIT_FAIL_POINT("orchestrator.before_send.model");
  auto stream = co_await deps_.governed.chat(
      acting_context(*principal),
      {.request_id = fmt::format("{}/{}/{}", claim_.run_id.str(), command.step, command.attempt),
       .actor = actor(command.step, command.attempt),
       .prompt = std::move(*prompt)});
  if (!stream) co_return co_await fail_step(step, std::move(stream).error());
  for (;;) {
    auto more = co_await follow_stream(command, **stream);
    if (!more) co_return co_await fail_step(step, std::move(more).error());
    if (!*more) co_return Status{};
  }
}

// False when the call has been answered or refused.
Task<Result<bool>> RunDriver::follow_stream(const CallModel& command, Stream<governed::ChatItem>& stream) {
  WRIT_CO_TRY(auto item, co_await stream.next());
  if (!item) co_return fail(internal("a chat ended without its end", "run_driver"));
  if (!item->text.empty()) deps_.hub.publish_delta(claim_.run_id, command.step, command.attempt, item->text);
  std::vector<Draft> drafts;
  if (item->decided) drafts.emplace_back(event_of(*item->decided, command.step, command.attempt));
  if (auto& end = item->end; end && !end->review) {
    WRIT_FAIL_POINT("orchestrator.after_send.model");
    drafts.emplace_back(ModelOutput{.step = command.step,
                                    .attempt = command.attempt,
                                    .text = end->text,
                                    .length = static_cast<std::int64_t>(end->text.size()),
                                    .tool_calls = call_refs(end->tool_calls),
                                    .finish = std::string(schema::name_of(end->finish)),
                                    .prompt = end->usage.prompt,
                                    .completion = end->usage.completion,
                                    .denied = end->denied,
                                    .reason = end->reason});
  }
  const bool ended = item->end.has_value();
  if (!drafts.empty()) WRIT_CO_CHECK(co_await append(std::move(drafts)));
  co_return !ended && state_.model_started && !state_.finish;
}

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

// The decision is recorded, but a crash came before its step: policy gives the same answer, with its grant, again.
Task<Status> RunDriver::run_tool(RunTool command) {
  FailedStep step{.step = command.step, .attempt = command.attempt};
  const auto* tool = deps_.tools.find(command.call.name);
  if (tool == nullptr)
    co_return co_await fail_step(step, not_found("no_tool", "there is no tool " + command.call.name));
  auto principal = co_await resolve_principal();
  if (!principal) co_return co_await fail_step(step, std::move(principal).error());
  auto call = tool_call(command.step, command.attempt, command.call);
  if (!call) co_return co_await fail_step(step, std::move(call).error());
  auto decided = co_await deps_.governed.decide_tool(acting_context(*principal), *call);
  if (!decided) co_return co_await fail_step(step, std::move(decided).error());
  const bool once = tool->info().effect == tools::Effect::once;
  WRIT_CO_CHECK(co_await append({StepStarted{.step = command.step,
                                             .attempt = command.attempt,
                                             .kind = StepKind::tool,
                                             .call_id = command.call.id,
                                             .tool = command.call.name,
                                             .arguments = call->call.arguments,
                                             .once = once}}));
  if (state_.finish) co_return Status{};
  co_return co_await send_tool(acting_context(std::move(*principal)), command.step, std::move(*call),
                               std::move(*decided), once);
}

Task<Status> RunDriver::send_tool(Context ctx, std::int64_t step, governed::ToolCall call, governed::Decided allowed,
                                  bool once) {
  const auto call_id = call.call.id, name = call.call.name;
  const auto attempt = call.actor.run->attempt;
  if (once) ctx.cancel = {};  // what must not happen twice is not torn off; its own time limit ends it
  WRIT_FAIL_POINT("orchestrator.before_send.tool");
  auto outcome = co_await deps_.governed.run_tool(std::move(ctx), std::move(call), std::move(allowed));
  WRIT_FAIL_POINT("orchestrator.after_send.tool");
  if (!outcome) {
    deps_.probe.tool_call("failed");
    co_return co_await fail_step({.step = step, .attempt = attempt, .once = once, .started = true},
                                 std::move(outcome).error());
  }
  using Kind = governed::ToolOutcome::Kind;
  const std::string_view what = outcome->kind == Kind::result   ? "result"
                                : outcome->kind == Kind::denied ? "denied"
                                                                : "tool_error";
  deps_.probe.tool_call(what);
  std::vector<Draft> drafts;
  if (outcome->decided) drafts.emplace_back(event_of(*outcome->decided, step, attempt, call_id));
  drafts.emplace_back(ToolResult{.step = step,
                                 .attempt = attempt,
                                 .call_id = call_id,
                                 .tool = name,
                                 .result = to_text(outcome->result),
                                 .outcome = std::string(what)});
  co_return co_await append(std::move(drafts));
}

Task<Status> RunDriver::request_review(RequestReview command) {
  const auto now = deps_.clock.now();
  ReviewRequested event{.review_id = make_id<ReviewId>(now, deps_.random),
                        .kind = command.kind,
                        .step = command.step,
                        .attempt = command.attempt,
                        .call_id = command.call.id,
                        .tool = command.call.name,
                        .scope = command.scope.empty() ? std::string(default_review_scope) : command.scope,
                        .decision_id = command.decision_id,
                        .argument_hash = command.argument_hash,
                        .expires_at = now + deps_.settings.review_expiry};
  if (!command.call.arguments.empty()) event.arguments = text_of(command.call.arguments);
  co_return co_await append({std::move(event)});
}

Task<Status> RunDriver::fail_step(FailedStep failed, Error error) {
  if (error.code == "fenced") co_return fail(std::move(error));
  if (stopping_.stop_requested()) co_return Status{};  // the next host finds the step cut off
  deps_.log.failed("step_failed", error,
                   {{"run_id", claim_.run_id}, {"step", failed.step}, {"attempt", failed.attempt}}, trace_);
  if (interrupt_.stop_requested()) {
    WRIT_CO_CHECK(co_await append({}));
    if (state_.finish) co_return Status{};
    // Interrupted for nothing that ended it: another driver, with a fresh token, goes on.
    WRIT_CO_TRY([[maybe_unused]] const bool released,
                co_await deps_.store.release(own_context(), claim_, state_.last_seq, deps_.clock.now()));
    given_back_ = true;
    co_return Status{};
  }
  const auto now = deps_.clock.now();
  if (now >= state_.deadline()) co_return Status{};  // next() sees it
  if (auto event = after_failure(state_, failed, error, now)) co_return co_await append({std::move(*event)});
  co_return Status{};
}

Task<Status> RunDriver::append(std::vector<Draft> drafts) {
  WRIT_CO_TRY(auto appended,
              co_await deps_.store.append(own_context(), claim_, state_, std::move(drafts), deps_.clock.now()));
  state_ = std::move(appended.state);
  given_back_ = appended.given_back;
  for (auto& [id, text] : appended.texts.known) texts_.known.insert_or_assign(id, std::move(text));
  for (const auto& event : appended.events) {
    count(event);
    auto shown = event;
    shown.data = draft_of(std::move(shown.data));
    deps_.hub.publish(claim_.run_id, public_event(shown, false));
  }
  co_return Status{};
}

void RunDriver::count(const Event& event) {
  if (const auto* finished = std::get_if<RunFinished>(&event.data)) {
    deps_.probe.run_finished(finished->status);
    deps_.log.info("run_finished",
                   {{"run_id", claim_.run_id},
                    {"status", schema::name_of(finished->status)},
                    {"reason", finished->reason},
                    {"steps", state_.step}},
                   trace_);
  } else if (const auto* started = std::get_if<StepStarted>(&event.data)) {
    deps_.probe.step(started->kind == StepKind::model ? "model" : "tool");
  } else if (std::holds_alternative<StepRestarted>(event.data)) {
    deps_.probe.restarted();
  } else if (std::holds_alternative<WaitingDependency>(event.data)) {
    deps_.probe.waits();
  } else if (std::holds_alternative<ReviewRequested>(event.data)) {
    deps_.probe.review(ReviewStatus::open);
  } else if (const auto* answered = std::get_if<ReviewAnswered>(&event.data); answered != nullptr && !answered->by) {
    deps_.probe.review(ReviewStatus::expired);
  }
}

Context RunDriver::own_context() const {
  Context ctx;
  ctx.trace = trace_;
  ctx.deadline = system_clock().steady() + store_patience;
  return ctx;
}

Context RunDriver::acting_context(Principal principal) const {
  Context ctx;
  ctx.principal = std::move(principal);
  ctx.trace = trace_;
  ctx.cancel = interrupt_;
  ctx.deadline = system_clock().steady() + (state_.deadline() - deps_.clock.now());
  return ctx;
}

governed::Actor RunDriver::actor(std::int64_t step, std::int64_t attempt) const {
  governed::Actor out;
  out.capsule = governed::Actor::Capsule{.name = state_.start.capsule, .version = state_.start.capsule_version};
  out.run = governed::Actor::Place{.run_id = claim_.run_id.str(), .step = step, .attempt = attempt};
  for (const auto& approval : state_.approvals) {
    if (std::ranges::find(lapsed_, approval.approver) != lapsed_.end()) continue;
    out.approvals.push_back({{"decision_id", approval.decision_id.str()},
                             {"argument_hash", approval.argument_hash},
                             {"approver", approval.approver.str()}});
  }
  return out;
}

Result<governed::ToolCall> RunDriver::tool_call(std::int64_t step, std::int64_t attempt, const CallRef& call) const {
  const auto* arguments = texts_.find(call.arguments);
  if (arguments == nullptr) return fail(conflict("content_erased", "the arguments of the call were erased"));
  const auto at = std::ranges::find(state_.calls, call.id, [](const CallState& c) { return c.call.id; });
  const auto key = fmt::format("{}/{}.{}", claim_.run_id.str(), step, at - state_.calls.begin());
  return governed::ToolCall{.request_id = fmt::format("{}/{}", key, attempt),
                            .actor = actor(step, attempt),
                            .call = {.id = call.id, .name = call.name, .arguments = *arguments},
                            .idempotency_key = key};
}

std::string RunDriver::text_of(const ContentId& id) const {
  const auto* text = texts_.find(id);
  return text == nullptr ? "" : *text;
}

Draft RunDriver::draft_of(EventData event) const {
  for_each_content(event, [this](ContentId& field) { field = text_of(field); });
  return event;
}

}  // namespace writ::orchestrator
