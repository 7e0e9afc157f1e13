#include "orchestrator/orchestrator_service.h"

#include <fmt/format.h>

#include "crypto/hash.h"
#include "orchestrator/public_event.h"
#include "orchestrator/run_watch.h"
#include "policy/api/grant.h"

namespace writ::orchestrator {
namespace {

// Within a tenant, what a person started is that person's, and these let others in.
constexpr std::string_view read_all = "runs:read_all", cancel_all = "runs:cancel_all";

bool may(const Context& ctx, const Subject& owner, std::string_view scope) {
  return owner == ctx.principal.subject || ctx.principal.has_scope(scope);
}

Error no_run(const RunId& id) { return not_found("no_run", "there is no run " + id.str()); }
Error no_session(const SessionId& id) { return not_found("no_session", "there is no session " + id.str()); }

template <class In>
IdempotencyKey key_of(const Context& ctx, std::string_view operation, const In& in) {
  return {.subject = ctx.principal.subject,
          .operation = std::string(operation),
          .key = ctx.idempotency_key,
          .request_hash = ctx.idempotency_key.empty() ? "" : crypto::sha256_hex(canonical_json(schema::encode(in)))};
}

bool fits(ReviewKind kind, ReviewAnswer answer) {
  if (answer == ReviewAnswer::deny) return true;
  return (answer == ReviewAnswer::approve) == (kind == ReviewKind::action);
}

ReviewStatus status_after(ReviewAnswer answer) {
  switch (answer) {
    case ReviewAnswer::approve: return ReviewStatus::approved;
    case ReviewAnswer::retry: return ReviewStatus::retried;
    case ReviewAnswer::done: return ReviewStatus::done;
    case ReviewAnswer::deny: break;
  }
  return ReviewStatus::denied;
}

// The conversation of one run, from its events.
void add_messages(const std::vector<ResolvedEvent>& events, const RunId& run, std::vector<Message>& out) {
  const auto add = [&](std::string role, const std::string& content) {
    out.push_back({std::move(role), content, run});
  };
  for (const auto& [event, erased] : events) {
    if (const auto* started = std::get_if<RunStarted>(&event.data)) add("user", started->prompt);
    else if (const auto* output = std::get_if<ModelOutput>(&event.data); output != nullptr && !output->text.empty())
      add("assistant", output->text);
    else if (const auto* result = std::get_if<ToolResult>(&event.data)) add("tool", result->result);
  }
}

}  // namespace

Result<NewRun> OrchestratorService::new_run(const Context& ctx, const Capsule& capsule, SessionId session,
                                            std::string model, std::string prompt,
                                            std::optional<json::value> tool_choice) const {
  if (tool_choice) WRIT_CHECK(check_tool_choice(*tool_choice));
  RunStarted started{.session_id = std::move(session),
                     .subject = ctx.principal.subject,
                     .scopes = ctx.principal.scopes,
                     .credential = identity::CredentialInfo::of(ctx.principal.credential),
                     .act = ctx.principal.act,
                     .capsule = capsule.name,
                     .capsule_version = capsule.version,
                     .capsule_hash = capsule.hash,
                     .model = std::move(model),
                     .prompt = std::move(prompt),
                     .tool_choice = tool_choice.value_or(json::value("auto")),
                     .limits = capsule.limits};
  return NewRun{.id = make_id<RunId>(deps_.clock.now(), deps_.random), .started = std::move(started)};
}

Task<Result<Started>> OrchestratorService::start(Context ctx, StartSession in) {
  const auto name = in.capsule.value_or("assistant");
  const auto* capsule = deps_.capsules.find(name);
  if (capsule == nullptr) co_return fail(not_found("no_capsule", "there is no capsule " + name));
  auto key = key_of(ctx, op::start.info.id, in);
  NewSession session{.id = make_id<SessionId>(deps_.clock.now(), deps_.random),
                     .capsule = capsule->id(),
                     .model = in.model.value_or(capsule->model),
                     .metadata = std::move(in.metadata)};
  WRIT_CO_TRY(auto run,
              new_run(ctx, *capsule, session.id, session.model, std::move(in.prompt), std::move(in.tool_choice)));
  const auto id = run.id;
  auto tenant = ctx.tenant();
  WRIT_CO_TRY(auto started, co_await deps_.store.create_session(std::move(ctx), std::move(tenant), std::move(key),
                                                                std::move(session), std::move(run)));
  if (started.run_id == id) deps_.probe.run_started();
  deps_.engine.wake();
  co_return started;
}

Task<Result<Started>> OrchestratorService::post(Context ctx, PostMessage in) {
  auto key = key_of(ctx, op::post.info.id, in);
  const auto tenant = ctx.tenant();
  WRIT_CO_TRY(const auto session, co_await deps_.store.find_session(ctx, tenant, in.session_id));
  if (!session || !may(ctx, session->subject, read_all)) co_return fail(no_session(in.session_id));
  // Who may read another's conversation may not speak in it: the next run would be of one person and about another.
  if (session->subject != ctx.principal.subject)
    co_return fail(forbidden("not_your_session", "only " + session->subject.str() + " goes on with this session"));
  const auto* capsule = deps_.capsules.find(session->capsule);
  if (capsule == nullptr)
    co_return fail(not_found("no_capsule", "the session's capsule " + session->capsule + " is not installed"));
  WRIT_CO_TRY(auto run,
              new_run(ctx, *capsule, in.session_id, session->model, std::move(in.prompt), std::move(in.tool_choice)));
  const auto id = run.id;
  WRIT_CO_TRY(auto started,
              co_await deps_.store.create_run(std::move(ctx), tenant, std::move(key), in.session_id, std::move(run)));
  if (started.run_id == id) deps_.probe.run_started();
  deps_.engine.wake();
  co_return started;
}

Task<Result<Session>> OrchestratorService::session(Context ctx, SessionRef in) {
  constexpr std::int64_t events_max = 10'000;  // a run's limits keep it far below
  const auto& tenant = ctx.tenant();
  WRIT_CO_TRY(auto row, co_await deps_.store.find_session(ctx, tenant, in.session_id));
  if (!row || !may(ctx, row->subject, read_all)) co_return fail(no_session(in.session_id));
  Session out{.session_id = row->id,
              .capsule = std::move(row->capsule),
              .metadata = std::move(row->metadata),
              .runs = std::move(row->runs),
              .created_at = row->created_at};
  for (const auto& run : out.runs) {
    WRIT_CO_TRY(const auto events, co_await deps_.store.events_after(ctx, tenant, run, 0, events_max));
    add_messages(events, run, out.messages);
  }
  co_return out;
}

Task<Result<Run>> OrchestratorService::readable_run(Context ctx, RunId id) {
  WRIT_CO_TRY(auto found, co_await deps_.store.find_run(ctx, ctx.tenant(), id));
  if (!found || !may(ctx, found->subject, read_all)) co_return fail(no_run(id));
  co_return std::move(*found);
}

Task<Result<Run>> OrchestratorService::run(Context ctx, RunRef in) {
  return readable_run(std::move(ctx), std::move(in.run_id));
}

Task<Result<StreamPtr<RunEvent>>> OrchestratorService::watch(Context ctx, WatchRun in) {
  WRIT_CO_TRY(const auto found, co_await readable_run(ctx, in.run_id));
  if (is_end(found.status) && in.after >= found.last_seq) {
    auto [writer, stream] = async::make_stream<RunEvent>(1, ctx);
    writer.close();
    co_return std::move(stream);
  }
  // Subscribed before the first read: what happens between them comes twice and is given once.
  WRIT_CO_TRY(auto live, deps_.hub.subscribe(in.run_id, ctx));
  auto watch = std::make_unique<RunWatch>(deps_.store, std::move(ctx), in.run_id, std::min(in.after, found.last_seq),
                                          std::move(live));
  WRIT_CO_CHECK(co_await watch->catch_up());
  co_return watch;
}

Task<Result<Run>> OrchestratorService::cancel(Context ctx, RunRef in) {
  const auto tenant = ctx.tenant();
  WRIT_CO_TRY(auto found, co_await deps_.store.find_run(ctx, tenant, in.run_id));
  const bool readable = found && may(ctx, found->subject, read_all);
  const bool cancellable = found && may(ctx, found->subject, cancel_all);
  if (!readable && !cancellable) co_return fail(no_run(in.run_id));
  if (!cancellable)
    co_return fail(forbidden("missing_scope", "another's run is cancelled with the scope " + std::string(cancel_all)));
  if (!is_end(found->status)) {
    WRIT_CO_TRY(const auto appended,
                co_await deps_.store.append_by_person(ctx, tenant, in.run_id,
                                                      CancelRequested{.by = ctx.principal.subject}, deps_.clock.now()));
    deps_.engine.interrupt(in.run_id);
    tell(in.run_id, appended);
    WRIT_CO_TRY(found, co_await deps_.store.find_run(std::move(ctx), tenant, in.run_id));
    if (!found) co_return fail(no_run(in.run_id));
  }
  if (!readable) found->answer.reset();
  co_return std::move(*found);
}

Result<ReviewAnswered> OrchestratorService::answered(const Context& ctx, const Review& review,
                                                     const AnswerReview& in) const {
  if (review.requested_by == ctx.principal.subject)
    return fail(forbidden("own_request", "nobody answers a review of their own run"));
  if (!ctx.principal.has_scope(review.scope))
    return fail(forbidden("missing_scope", "this review needs the scope " + review.scope));
  if (!fits(review.kind, in.answer))
    return fail(invalid("bad_answer",
                        fmt::format("a review of kind {} is answered by {}", schema::name_of(review.kind),
                                    review.kind == ReviewKind::action ? "approve or deny" : "retry, done or deny"),
                        {{"/answer", "does not fit this review"}}));
  if (in.arguments && in.answer != ReviewAnswer::approve)
    return fail(invalid("bad_answer", "only an approval has arguments", {{"/arguments", "only with approve"}}));
  if (in.arguments && review.tool.empty())
    return fail(invalid("bad_answer", "what is reviewed has no arguments", {{"/arguments", "only for a tool"}}));
  if (in.result && in.answer != ReviewAnswer::done)
    return fail(invalid("bad_answer", "only done has a result", {{"/result", "only with done"}}));
  ReviewAnswered out{
      .review_id = review.review_id, .answer = in.answer, .by = ctx.principal.subject, .note = in.note.value_or("")};
  if (in.arguments) {
    const auto* tool = deps_.tools.find(review.tool);
    if (tool == nullptr) return fail(invalid("bad_arguments", "the tool " + review.tool + " is not installed"));
    if (auto problems = tools::check_arguments(tool->info().input_schema, *in.arguments); !problems.empty()) {
      for (auto& problem : problems) problem.pointer = "/arguments" + problem.pointer;
      return fail(invalid("bad_arguments", "the edited arguments do not match the tool's schema", std::move(problems)));
    }
    out.arguments = to_text(*in.arguments);
  }
  if (in.answer == ReviewAnswer::approve && !review.tool.empty())
    out.argument_hash = policy::tool_request_hash(review.tool, in.arguments.value_or(review.arguments));
  if (in.answer == ReviewAnswer::done) out.result = to_text(in.result.value_or(json::object{{"done", true}}));
  return out;
}

Task<Status> OrchestratorService::check_approver(Context ctx, const Review& review) {
  const auto tenant = ctx.tenant();
  WRIT_CO_TRY(const auto events, co_await deps_.store.events_after(ctx, tenant, review.run_id, 0, 1));
  const auto* started = events.empty() ? nullptr : std::get_if<RunStarted>(&events.front().event.data);
  if (started == nullptr) co_return fail(internal("a run without its start", "orchestrator_service"));
  const auto approver = std::exchange(ctx.principal, {});  // identity is asked as a service
  WRIT_CO_TRY(const auto check,
              co_await deps_.identity.check_approver(
                  std::move(ctx),
                  {.tenant = tenant,
                   .requester = {.subject = started->subject, .credential = started->credential, .act = started->act},
                   .approver = {.subject = approver.subject,
                                .credential = identity::CredentialInfo::of(approver.credential),
                                .act = approver.act},
                   .scope = review.scope}));
  if (!check.code.empty()) co_return fail(forbidden(check.code, check.message));
  co_return Status{};
}

Task<Result<Review>> OrchestratorService::answer(Context ctx, AnswerReview in) {
  auto key = key_of(ctx, op::answer.info.id, in);
  const auto tenant = ctx.tenant();
  WRIT_CO_TRY(const auto review, co_await deps_.store.find_review(ctx, tenant, in.review_id));
  if (!review) co_return fail(not_found("no_review", "there is no review " + in.review_id.str()));
  WRIT_CO_TRY(auto event, answered(ctx, *review, in));
  WRIT_CO_CHECK(co_await check_approver(ctx, *review));
  WRIT_CO_TRY(auto stored, co_await deps_.store.answer_review(std::move(ctx), tenant, std::move(key), std::move(event),
                                                              deps_.clock.now()));
  if (!stored.appended.events.empty()) deps_.probe.review(status_after(in.answer));
  tell(stored.review.run_id, stored.appended);
  co_return std::move(stored.review);
}

Task<Result<ReviewPage>> OrchestratorService::reviews(Context ctx, ListReviews in) {
  auto tenant = ctx.tenant();
  WRIT_CO_TRY(auto found, co_await deps_.store.list_reviews(std::move(ctx), std::move(tenant), std::move(in.run_id)));
  co_return ReviewPage{.reviews = std::move(found)};
}

void OrchestratorService::tell(const RunId& run, const Appended& appended) {
  for (auto event : appended.events) {
    for_each_content(event.data, [&](ContentId& field) {
      const auto* text = appended.texts.find(field);
      field = text == nullptr ? "" : *text;
    });
    deps_.hub.publish(run, public_event(event, false));
  }
  deps_.engine.wake();
}

}  // namespace writ::orchestrator
