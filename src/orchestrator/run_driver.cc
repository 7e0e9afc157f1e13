#include "orchestrator/run_driver.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/fail_point.h"
#include "observability/span.h"
#include "orchestrator/decided_event.h"
#include "orchestrator/model_prompt.h"
#include "orchestrator/public_event.h"

namespace writ::orchestrator {
namespace {

constexpr Millis store_patience{10'000};  // a commit that takes longer means a disk that is gone

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

ContextTrimmed trimmed_event(const CallModel& command, const LeftOut& left_out, const slm::Count& counted) {
  return {.step = command.step,
          .attempt = command.attempt,
          .exchanges = left_out.exchanges,
          .steps = left_out.steps,
          .results = left_out.results,
          .prompt = counted.prompt,
          .context = counted.context};
}

// Whether something else is left out than before; a run begins with nothing left out.
bool differs(const std::optional<ContextTrimmed>& before, const ContextTrimmed& now) {
  const auto was = before.value_or(ContextTrimmed{});
  return was.exchanges != now.exchanges || was.steps != now.steps || was.results != now.results;
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
      trace_(observability::new_trace(deps.random)),
      time_(deps.clock) {}

Task<Status> RunDriver::drive() {
  WRIT_CO_TRY(auto loaded, co_await deps_.store.load(own_context(), claim_));
  state_ = std::move(loaded.state);
  texts_ = std::move(loaded.texts);
  earlier_ = std::move(loaded.earlier);
  capsule_ = deps_.capsules.find(state_.start.capsule, state_.start.capsule_version);
  time_.reach(state_.now);
  deps_.hub.begin(claim_.run_id, state_.last_seq);
  bool timer = claim_.timer;
  while (!stopping_.stop_requested() && !given_back_) {
    const auto command = next(state_, time_.now());
    if (!command) break;
    const auto until = parked_until(*command);
    // The timer has run out, although a clock that was set back may say that it has not.
    if (std::exchange(timer, false) && until) time_.reach(*until);
    if (const auto now = time_.now(); until && now < *until) {
      WRIT_CO_TRY(const bool released, co_await deps_.store.release(own_context(), claim_, state_.last_seq,
                                                                    std::chrono::ceil<Millis>(*until - now)));
      if (released) break;
      WRIT_CO_CHECK(co_await append({}));
      continue;
    }
    WRIT_CO_CHECK(co_await perform(*command));
  }
  co_return Status{};
}

std::optional<std::string> RunDriver::capsule_problem() const {
  const auto id = fmt::format("{}@{}", state_.start.capsule, state_.start.capsule_version);
  if (capsule_ == nullptr) return fmt::format("no_capsule: {} is not installed", id);
  if (state_.start.capsule_hash.empty() || state_.start.capsule_hash == capsule_->hash) return std::nullopt;
  return fmt::format(
      "capsule_changed: {} is no longer the text that this run was started with: give the change a new "
      "version, and put the old text back for runs of the old one",
      id);
}

Task<Status> RunDriver::perform(Command command) {
  const bool needs_capsule = std::holds_alternative<DecideStart>(command) ||
                             std::holds_alternative<CallModel>(command) || std::holds_alternative<DecideTool>(command);
  if (auto problem = needs_capsule ? capsule_problem() : std::nullopt)
    co_return co_await append({RunFinished{.status = RunStatus::failed,
                                           .reason = std::move(*problem),
                                           .prompt = state_.prompt,
                                           .completion = state_.completion,
                                           .cut = state_.cut_off()}});
  if (auto* c = std::get_if<DecideStart>(&command)) co_return co_await decide_start(*c);
  if (auto* c = std::get_if<CallModel>(&command)) co_return co_await call_model(*c);
  if (auto* c = std::get_if<DecideTool>(&command)) co_return co_await decide_tool(std::move(*c));
  if (auto* c = std::get_if<JudgeResult>(&command)) co_return co_await judge_result(std::move(*c));
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
                                                      actor(0, command.attempt), state_.start.model, asked());
  WRIT_FAIL_POINT("orchestrator.after_send.start");
  if (!decided) co_return co_await fail_step({.attempt = command.attempt}, std::move(decided).error());
  co_return co_await append({event_of(*decided, 0, command.attempt)});
}

Task<Status> RunDriver::call_model(CallModel command) {
  FailedStep step{.step = command.step, .attempt = command.attempt};
  auto principal = co_await resolve_principal();
  if (!principal) co_return co_await fail_step(step, std::move(principal).error());
  auto fitted = co_await fit_prompt(acting_context(*principal));
  if (!fitted) co_return co_await fail_step(step, std::move(fitted).error());
  std::vector<Draft> drafts;
  if (auto trimmed = trimmed_event(command, fitted->left_out, fitted->counted); differs(state_.trimmed, trimmed))
    drafts.emplace_back(trimmed);
  drafts.emplace_back(StepStarted{.step = command.step, .attempt = command.attempt, .kind = StepKind::model});
  WRIT_CO_CHECK(co_await append(std::move(drafts)));
  if (!state_.model_started) co_return Status{};  // somebody cancelled it meanwhile
  step.started = true;
  WRIT_FAIL_POINT("orchestrator.before_send.model");
  auto stream = co_await deps_.governed.chat(
      acting_context(*principal),
      {.request_id = fmt::format("{}/{}/{}", claim_.run_id.str(), command.step, command.attempt),
       .actor = actor(command.step, command.attempt),
       .prompt = std::move(fitted->prompt),
       .counted = fitted->counted,
       .step_tokens_max = command.step_tokens_max});
  if (!stream) co_return co_await fail_step(step, std::move(stream).error());
  for (;;) {
    auto more = co_await follow_stream(command, **stream);
    if (!more) co_return co_await fail_step(step, std::move(more).error());
    if (!*more) co_return Status{};
  }
}

Task<Result<RunDriver::Fitted>> RunDriver::fit_prompt(Context ctx) {
  using Next = PromptWindow::Next;
  WRIT_CO_TRY(auto conversation, model_conversation(state_, texts_, earlier_, *capsule_, deps_.tools));
  PromptWindow window(std::move(conversation));
  for (;;) {  // a few times: the window halves what is left to try
    WRIT_CO_TRY(const auto counted, co_await deps_.governed.count(ctx, window.prompt()));
    switch (window.counted(counted)) {
      case Next::count: break;
      case Next::fits:
        co_return Fitted{.prompt = window.prompt(), .counted = window.count(), .left_out = window.left_out()};
      case Next::too_long: co_return fail(window.refusal());
    }
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

Task<Status> RunDriver::request_review(RequestReview command) {
  const auto now = time_.now();
  ReviewRequested event{.review_id = make_id<ReviewId>(now, deps_.random),
                        .kind = command.kind,
                        .step = command.step,
                        .attempt = command.attempt,
                        .call_id = command.call.id,
                        .tool = command.call.name,
                        .scope = command.scope.empty() ? std::string(default_review_scope) : command.scope,
                        .rule = command.rule,
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
                co_await deps_.store.release(own_context(), claim_, state_.last_seq, Millis{0}));
    given_back_ = true;
    co_return Status{};
  }
  const auto now = time_.now();
  if (now >= state_.deadline()) co_return Status{};  // next() sees it
  if (auto event = after_failure(state_, failed, error, now)) co_return co_await append({std::move(*event)});
  co_return Status{};
}

Task<Status> RunDriver::append(std::vector<Draft> drafts) {
  WRIT_CO_TRY(auto appended,
              co_await deps_.store.append(own_context(), claim_, state_, std::move(drafts), time_.now()));
  state_ = std::move(appended.state);
  time_.reach(state_.now);
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

Context RunDriver::acting_context(Principal principal) {
  Context ctx;
  ctx.principal = std::move(principal);
  ctx.trace = trace_;
  ctx.cancel = interrupt_;
  ctx.deadline = system_clock().steady() + (state_.deadline() - time_.now());
  return ctx;
}

governed::Actor RunDriver::actor(std::int64_t step, std::int64_t attempt) const {
  governed::Actor out;
  out.capsule = governed::Actor::Capsule{
      .name = state_.start.capsule, .version = state_.start.capsule_version, .hash = state_.start.capsule_hash};
  out.run = governed::Actor::Place{.run_id = claim_.run_id.str(), .step = step, .attempt = attempt};
  for (const auto& approval : state_.approvals) {
    if (std::ranges::find(lapsed_, approval.approver) != lapsed_.end()) continue;
    out.approvals.push_back({{"decision_id", approval.decision_id.str()},
                             {"argument_hash", approval.argument_hash},
                             {"approver", approval.approver.str()}});
  }
  return out;
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
