#include "policy/policy_service.h"

#include "core/fail_point.h"
#include "crypto/hash.h"
#include "policy/api/grant.h"

namespace writ::policy {
PolicyService::PolicyService(PolicyStore& store, PolicySettings settings, PolicyFiles files, Secret key_secret,
                             std::function<Status(const Principal&)> holds, PolicyProbe& probe, const Clock& clock,
                             Random& random)
    : store_(store),
      settings_(std::move(settings)),
      files_paths_(std::move(files)),
      key_secret_(std::move(key_secret)),
      holds_(std::move(holds)),
      probe_(probe),
      clock_(clock),
      random_(random),
      seal_(key_secret_),
      constitutions_(store.database(), {.constitution = files_paths_.constitution, .signers = files_paths_.signers},
                     clock) {}

Task<Status> PolicyService::open_ring(Context ctx) {
  WRIT_CO_TRY(const auto sealed, co_await store_.sealed_ring(ctx));
  auto opened = sealed ? crypto::KeyRing::open(*sealed, key_secret_)
                       : crypto::KeyRing::create(crypto::SignatureAlgorithm::ed25519, clock_.now(), random_);
  if (!opened) co_return fail(std::move(opened).error());
  if (!sealed) {
    WRIT_CO_TRY(auto text, opened->seal(key_secret_, random_));
    WRIT_CO_CHECK(co_await store_.put_sealed_ring(ctx, std::move(text), seal_.of(0, std::string(genesis))));
  }
  const std::lock_guard lock(mutex_);
  public_keys_ = std::make_shared<crypto::KeySet>(opened->all_public_keys());
  ring_ = std::make_shared<crypto::KeyRing>(std::move(*opened));
  co_return Status{};
}

Task<Status> PolicyService::start(Context ctx) {
  WRIT_CO_CHECK(co_await open_ring(ctx));
  co_return co_await constitutions_.start(std::move(ctx));
}

std::vector<ConstitutionEvent> PolicyService::constitution_events() {
  auto out = constitutions_.take_events();
  for (const auto& event : out)
    if (event.what == ConstitutionEvent::What::refused) probe_.constitution_refused();
  if (const auto active = in_force()) probe_.constitution_active(active->text().version);
  return out;
}

std::vector<BudgetRule> PolicyService::latest_budgets() const {
  const auto latest = in_force();
  return latest ? latest->text().budgets : std::vector<BudgetRule>{};
}

Status PolicyService::check_constitution() const {
  WRIT_CHECK(active());
  return {};
}

std::shared_ptr<const crypto::KeyRing> PolicyService::ring() const {
  const std::lock_guard lock(mutex_);
  return ring_;
}

std::shared_ptr<const crypto::KeySet> PolicyService::public_keys() const {
  const std::lock_guard lock(mutex_);
  return public_keys_;
}

Result<std::string> PolicyService::grant_for(const Principal& principal, const EvaluateRequest& question,
                                             const Decision& decision, WallTime expires_at) const {
  return sign_grant({.decision_id = decision.decision_id,
                     .action = question.action,
                     .tenant = principal.tenant,
                     .subject = principal.subject,
                     .resource = question.resource.id,
                     .request_hash = question.request_hash,
                     .obligations = decision.obligations,
                     .expires_at = expires_at},
                    ring()->active());
}

// An approval counts for what policy itself asked, not for what a caller says of it.
Task<Result<AskedReviews>> PolicyService::asked_reviews(Context ctx, const EvaluateRequest& question) {
  constexpr std::size_t approvals_max = 64;  // of one action: more rules than anybody lets review it
  const auto* given = question.context.if_contains("approvals");
  if (given == nullptr || !given->is_array() || given->get_array().empty()) co_return AskedReviews{};
  if (given->get_array().size() > approvals_max)
    co_return fail(invalid("too_many_approvals", "a question has at most 64 approvals",
                           {{"/context/approvals", "has too many items"}}));
  std::vector<std::string> decisions;
  for (const auto& approval : given->get_array())
    if (approval.is_object()) decisions.emplace_back(text_at(approval.get_object(), "decision_id"));
  auto tenant = ctx.principal.tenant;
  auto subject = ctx.principal.subject;
  co_return co_await store_.asked_reviews(std::move(ctx), std::move(tenant), std::move(subject), question.action,
                                          std::move(decisions));
}

Result<Recording> PolicyService::judged(const Context& ctx, const ActiveConstitution& active, EvaluateRequest question,
                                        const AskedReviews& asked) {
  if (ctx.principal.subject.empty()) return fail(unauthenticated("no_principal", "a decision needs a principal"));
  const auto more = question.of ? inspections_.facts(ctx.principal.tenant, *question.of) : std::vector<std::string>{};
  WRIT_TRY(auto judgement, judge(active, ctx.principal, question, more, asked));
  auto body = schema::encode(question).as_object();
  body.erase("holder");  // who asks is no part of the question
  body["principal"] = {{"tenant", ctx.principal.tenant.str()}, {"subject", ctx.principal.subject.str()}};
  Recording out{.tenant = ctx.principal.tenant,
                .subject = ctx.principal.subject,
                .question = std::move(question),
                .body_hash = crypto::sha256_hex(canonical_json(body)),
                .judgement = std::move(judgement),
                .policy_version = active.version(),
                .decision_id = make_id<DecisionId>(clock_.now(), random_),
                .budgets = active.text().budgets,
                .reservation_life = settings_.reservation_life,
                .trace_id = ctx.trace.trace_id,
                .grant_expires_at = clock_.now() + settings_.grant_life,
                .credential = ctx.principal.credential,
                .grant = {}};
  out.new_holder = out.question.holder && is_new(*out.question.holder);
  out.grant = [this, principal = ctx.principal, asked = out.question, expires_at = out.grant_expires_at](
                  const Decision& decision) { return grant_for(principal, asked, decision, expires_at); };
  return out;
}

bool PolicyService::is_new(const Holder& holder) const {
  const std::lock_guard lock(mutex_);
  const auto seen = lives_.find(holder.name);
  return seen == lives_.end() || seen->second != holder.life;
}

void PolicyService::has_seen(const std::optional<Holder>& holder) {
  if (!holder) return;
  const std::lock_guard lock(mutex_);
  if (lives_.size() >= holders_max) lives_.clear();  // each is then looked at once more
  lives_.insert_or_assign(holder->name, holder->life);
}

Task<Result<Decision>> PolicyService::refuse_spent(Context ctx, Recording recording, Error spent) {
  probe_.budget_refused();
  recording.judgement.verdict = Verdict::deny;
  recording.judgement.reasons = {
      {.rule = spent.code == "token_limit" ? "run_limit" : "budget", .message = spent.message}};
  recording.question.request_id += "/spent";  // the same question may be asked again when there is room
  recording.decision_id = make_id<DecisionId>(clock_.now(), random_);
  const auto recorded = co_await store_.record(std::move(ctx), std::move(recording));
  if (!recorded && recorded.error().kind != ErrorKind::conflict) co_return fail(recorded.error());
  co_return fail(std::move(spent));
}

Task<Result<Decision>> PolicyService::evaluate(Context ctx, EvaluateRequest in) {
  const auto began = clock_.steady();
  WRIT_CO_CHECK(holds_(ctx.principal));
  WRIT_CO_TRY(const auto in_force, active());
  const auto action = in.action;
  const auto holder = in.holder;
  WRIT_CO_TRY(const auto asked, co_await asked_reviews(ctx, in));
  WRIT_CO_TRY(auto recording, judged(ctx, *in_force, std::move(in), asked));
  auto decision = co_await store_.record(ctx, recording);
  if (!decision) {
    if (decision.error().kind != ErrorKind::quota_exceeded) co_return fail(std::move(decision).error());
    co_return co_await refuse_spent(std::move(ctx), std::move(recording), std::move(decision).error());
  }
  has_seen(holder);
  WRIT_PAUSE_POINT("policy.evaluated");
  if (action == Action::model_call && decision->decision == Verdict::allow)
    inspections_.begin(ctx.principal.tenant, decision->decision_id, in_force,
                       clock_.now() + settings_.reservation_life);
  probe_.decided(action, decision->decision, clock_.steady() - began);
  co_return std::move(*decision);
}

// What is no longer followed (this process has restarted, or there was no room) goes on from what was committed.
Task<Result<Inspections::Seen>> PolicyService::seen_of(Context ctx, const InspectRequest& in) {
  const auto tenant = ctx.principal.tenant;
  if (inspections_.follows(tenant, in.decision_id)) co_return inspections_.feed(tenant, in);
  WRIT_CO_TRY(auto in_force, active());
  WRIT_CO_TRY(const auto place, co_await store_.place_of(std::move(ctx), tenant, in.decision_id));
  co_return inspections_.resume(tenant, in, place, std::move(in_force), clock_.now() + settings_.reservation_life);
}

Task<Result<Inspection>> PolicyService::inspect(Context ctx, InspectRequest in) {
  WRIT_CO_CHECK(holds_(ctx.principal));
  WRIT_CO_TRY(auto seen, co_await seen_of(ctx, in));
  if (seen.resend_from)
    co_return Inspection{.release_upto = seen.release_upto, .facts = {}, .resend_from = seen.resend_from};
  Released released{.tenant = ctx.principal.tenant,
                    .decision_id = in.decision_id,
                    .upto = seen.release_upto,
                    .chunk_hash = crypto::sha256_hex(in.text),
                    .place = std::move(seen.place),
                    .used = in.used};
  WRIT_CO_CHECK(co_await store_.release(std::move(ctx), std::move(released)));
  co_return Inspection{.release_upto = seen.release_upto, .facts = std::move(seen.new_facts), .resend_from = {}};
}

// What happened is charged whatever is in force now: nothing is decided here.
Task<Result<Settled>> PolicyService::settle(Context ctx, SettleRequest in) {
  const auto tenant = ctx.principal.tenant;
  WRIT_CO_TRY(const auto settled, co_await store_.settle(std::move(ctx), tenant, in, latest_budgets()));
  inspections_.end(tenant, in.decision_id);
  probe_.settled(settled.settled, settled.overrun);
  co_return settled;
}

Task<Result<Finished>> PolicyService::finish(Context ctx, FinishRequest in) {
  const auto began = clock_.steady();
  WRIT_CO_CHECK(holds_(ctx.principal));
  WRIT_CO_TRY(const auto in_force, active());
  const auto model_call = in.settle.decision_id;
  if (in.output.of != model_call)
    co_return fail(invalid("invalid_request", "output and settlement are of different calls",
                           {{"/output/of", "must be the decision that is settled"}}));
  const auto content = in.output.content.value_or("");
  WRIT_CO_TRY(auto recording, judged(ctx, *in_force, std::move(in.output)));
  const auto tenant = ctx.principal.tenant;
  Released released{.tenant = tenant,
                    .decision_id = model_call,
                    .upto = static_cast<std::int64_t>(content.size()),
                    .chunk_hash = crypto::sha256_hex(content),
                    .place = {},
                    .used = {}};
  WRIT_CO_TRY(auto finished,
              co_await store_.finish(std::move(ctx), std::move(recording), std::move(in.settle), std::move(released)));
  inspections_.end(tenant, model_call);
  probe_.decided(Action::model_output, finished.decision.decision, clock_.steady() - began);
  probe_.settled(finished.settled.settled, finished.settled.overrun);
  co_return finished;
}

Task<Result<std::int64_t>> PolicyService::sweep(Context ctx) {
  inspections_.prune(clock_.now());
  std::int64_t all = 0;
  for (std::int64_t some = expire_batch; some == expire_batch;) {
    WRIT_CO_TRY(some, co_await store_.expire(ctx));
    all += some;
  }
  co_return all;
}

Task<Result<Budget>> PolicyService::budget(Context ctx, http::Nothing) {
  WRIT_CO_TRY(const auto in_force, active());
  auto tenant = ctx.principal.tenant;
  co_return co_await store_.budget(std::move(ctx), std::move(tenant), in_force->text().budgets);
}

Task<Result<ConstitutionInfo>> PolicyService::constitution(Context, http::Nothing) {
  WRIT_CO_TRY(const auto in_force, active());
  ConstitutionInfo out{.version = in_force->text().version,
                       .hash = in_force->hash(),
                       .valid_from = in_force->text().valid_from,
                       .stale_at = in_force->stale_at(),
                       .rules = {},
                       .rates = in_force->text().rates};
  for (const auto& rule : in_force->rules().policies()) out.rules.push_back(rule.id);
  co_return out;
}

Task<Result<KeySetDocument>> PolicyService::keys(Context, http::Nothing) {
  co_return KeySetDocument{.keys = public_keys()->to_jwks().at("keys").as_array()};
}

}  // namespace writ::policy
