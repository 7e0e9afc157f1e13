#include "policy/policy_store.h"

#include <algorithm>

#include "policy/constitution_store.h"
#include "policy/review_store.h"

namespace writ::policy {
namespace {

// The orchestrator's fact after which nothing of a run goes on.
constexpr std::string_view run_finished = "run.finished";

std::string run_asked_about(const EvaluateRequest& question) {
  const auto* run = question.context.if_contains("run");
  return run != nullptr && run->is_object() ? std::string(text_at(run->get_object(), "id")) : std::string();
}

Result<std::optional<Decision>> find_answer(sql::Reader& reader, const TenantId& tenant, const std::string& request_id,
                                            const std::string& body_hash) {
  WRIT_TRY(const auto row, reader.row("SELECT body_hash, answer FROM decisions WHERE tenant = ?1 AND request_id = ?2",
                                      tenant, request_id));
  if (!row) return std::nullopt;
  if (row->get<std::string>(0) != body_hash)
    return fail(conflict("request_reused", "the request id " + request_id + " was used for another question"));
  WRIT_TRY(const auto document, parse_json(row->get<std::string>(1)));
  WRIT_TRY(auto decision, schema::decode<Decision>(document, {.unknown = schema::Unknown::ignore}));
  return decision;
}

json::object audit_of(const Recording& r, const Decision& answer) {
  json::object data{{"request_id", r.question.request_id},
                    {"decision_id", answer.decision_id.str()},
                    {"decision", schema::name_of(answer.decision)},
                    {"reasons", schema::encode(answer.reasons)},
                    {"policy_version", answer.policy_version},
                    {"request", r.judgement.request},
                    {"facts", schema::encode(answer.facts)},
                    {"request_hash", r.question.request_hash},
                    {"obligations", schema::encode(answer.obligations)}};
  if (answer.reservation) data["reservation"] = schema::encode(*answer.reservation);
  if (r.question.of) data["of"] = r.question.of->str();
  if (answer.review_rule) data["review"] = {{"rule", *answer.review_rule}, {"scope", answer.review_scope.value_or("")}};
  if (answer.grant) data["grant_expires_at"] = to_rfc3339(r.grant_expires_at);
  if (!r.trace_id.empty()) data["trace_id"] = r.trace_id;
  const auto& shown = r.credential;
  json::object credential;
  if (!shown.key_id.empty()) credential["key_id"] = shown.key_id.str();
  if (!shown.token_id.empty()) credential["token_id"] = shown.token_id;
  if (!shown.made_by.empty()) credential["made_by"] = schema::encode(shown.made_by);
  if (!credential.empty()) data["credential"] = std::move(credential);
  return data;
}

Status write_decision(sql::Transaction& tx, const Recording& r, const Decision& answer) {
  WRIT_CHECK(
      tx.run("INSERT INTO decisions (tenant, decision_id, request_id, body_hash, subject, action, verdict, answer, "
             "of_decision, at) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
             r.tenant, r.decision_id, r.question.request_id, r.body_hash, r.subject, schema::name_of(r.question.action),
             schema::name_of(answer.decision), to_text(schema::encode(answer)), r.question.of, tx.now()));
  auto data = audit_of(r, answer);
  if (r.question.of) {
    WRIT_TRY(auto released, released_of(tx, r.tenant, *r.question.of));
    if (released) data["released"] = std::move(*released);
  }
  WRIT_CHECK(append_record(tx, r.tenant, "decision", std::move(data),
                           {.run_id = run_asked_about(r.question), .subject = r.subject.str()}));
  return {};
}

std::int64_t integer_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : 0;
}

// The place of a model call in its run; run "" for a direct call.
Draw draw_of(const Recording& r) {
  Draw out{.tenant = r.tenant, .decision = r.decision_id, .run = run_asked_about(r.question)};
  if (!out.run.empty()) {
    const auto& run = r.question.context.at("run").get_object();
    out.step = integer_at(run, "step");
    out.attempt = integer_at(run, "attempt");
  }
  if (r.question.generates)
    out.prompt = std::max(Tokens{}, r.question.estimate.value_or(Tokens{}) - *r.question.generates);
  if (r.question.holder) std::tie(out.holder, out.life) = std::tie(r.question.holder->name, r.question.holder->life);
  return out;
}

Status record_replaced(sql::Transaction& tx, const std::vector<Replaced>& calls, std::string_view why) {
  for (const auto& call : calls)
    WRIT_CHECK(append_record(tx, call.tenant, "replace",
                             {{"decision_id", call.decision.str()},
                              {"tokens", call.counted.value},
                              {"presumed", call.presumed},
                              {"why", why}},
                             {.run_id = call.run}));
  return {};
}

// What a model call takes the place of holds nothing any more, whatever is now decided about the call itself.
Status replace_earlier(sql::Transaction& tx, const Recording& r, const Draw& draw) {
  if (r.question.action != Action::model_call) return {};
  if (r.new_holder && r.question.holder) {
    WRIT_TRY(const auto held, replace_held(tx, *r.question.holder));
    WRIT_CHECK(record_replaced(tx, held, "its process has started again"));
  }
  if (draw.run.empty()) return {};
  WRIT_TRY(const auto attempts, replace_attempts(tx, r.tenant, draw.run, draw.step, draw.attempt));
  return record_replaced(tx, attempts, "another attempt took its place");
}

// Reserves what the grant permits: obligations and the step's limit lower what may be generated, here and at the callee.
Status reserve(sql::Transaction& tx, const Recording& r, const Draw& draw, Decision& answer) {
  auto estimate = *r.question.estimate;
  if (draw.prompt) {
    auto generates = *r.question.generates;
    if (const auto cap = answer.obligations.max_tokens) generates = std::min(generates, *cap);
    if (!draw.run.empty()) {
      WRIT_TRY(answer.step_tokens, step_tokens(tx, r.tenant, draw.run, draw.step, draw.attempt));
    }
    if (const auto most = r.question.step_tokens_max) {
      const auto left = *most - answer.step_tokens.value_or(Tokens{}) - *draw.prompt;
      if (left.value < 1)
        return fail(Error{.kind = ErrorKind::quota_exceeded,
                          .code = "token_limit",
                          .message = "the prompt leaves nothing of the " + std::to_string(most->value) +
                                     " tokens that the run has left"});
      generates = std::min(generates, left);
    }
    if (generates < *r.question.generates) answer.obligations.max_tokens = generates;
    estimate = *draw.prompt + generates;
  }
  WRIT_TRY(answer.reservation, reserve_tokens(tx, draw, r.budgets, estimate, tx.now() + r.reservation_life));
  return {};
}

Result<Decision> record_in(sql::Transaction& tx, const Recording& r) {
  // Asked twice at once: the second finds what the first wrote.
  WRIT_TRY(auto before, find_answer(tx, r.tenant, r.question.request_id, r.body_hash));
  if (before) return std::move(*before);
  const auto draw = draw_of(r);
  WRIT_CHECK(replace_earlier(tx, r, draw));
  Decision answer{.decision = r.judgement.verdict,
                  .decision_id = r.decision_id,
                  .reasons = r.judgement.reasons,
                  .obligations = r.judgement.obligations,
                  .policy_version = r.policy_version,
                  .reservation = {},
                  .grant = {},
                  .review_scope = r.judgement.review_scope,
                  .review_rule = r.judgement.review_rule,
                  .facts = r.judgement.facts,
                  .tokens_left = {}};
  if (answer.decision == Verdict::allow) {
    if (r.question.estimate) WRIT_CHECK(reserve(tx, r, draw, answer));
    WRIT_TRY(answer.grant, r.grant(answer));
  }
  if (!r.budgets.empty()) {
    WRIT_TRY(const auto budget, read_budget(tx, r.tenant, r.budgets));
    answer.tokens_left = budget.left;
  }
  WRIT_CHECK(write_decision(tx, r, answer));
  return answer;
}

Result<Settled> settle_in(sql::Transaction& tx, const TenantId& tenant, const SettleRequest& request,
                          const std::vector<BudgetRule>& budgets) {
  WRIT_TRY(const auto before,
           tx.row("SELECT actual FROM settlements WHERE tenant = ?1 AND request_id = ?2", tenant, request.request_id));
  if (before && before->get<Tokens>(0) != request.actual)
    return fail(conflict("request_reused", "the request id " + request.request_id + " settled another amount"));
  WRIT_TRY(const auto decision, tx.row("SELECT verdict, subject FROM decisions WHERE tenant = ?1 AND decision_id = ?2",
                                       tenant, request.decision_id));
  if (!decision) return fail(not_found("no_decision", "there is no decision " + request.decision_id.str()));
  WRIT_TRY(auto settled, settle_tokens(tx, tenant, request.decision_id, request.actual));
  if (!budgets.empty()) {
    WRIT_TRY(const auto budget, read_budget(tx, tenant, budgets));
    settled.tokens_left = budget.left;
  }
  if (before) return settled;
  WRIT_CHECK(tx.run("INSERT INTO settlements (tenant, request_id, decision_id, actual, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                    tenant, request.request_id, request.decision_id, request.actual, tx.now()));
  json::object data{{"request_id", request.request_id},
                    {"decision_id", request.decision_id.str()},
                    {"tokens", settled.settled.value},
                    {"overrun", settled.overrun.value}};
  WRIT_TRY(auto released, released_of(tx, tenant, request.decision_id));
  if (released) data["released"] = std::move(*released);
  WRIT_CHECK(append_record(tx, tenant, "settle", std::move(data),
                           {.run_id = run_of(request.request_id), .subject = decision->get<std::string>(1)}));
  return settled;
}

// Signs nothing over a history that is not the one that was sealed.
Result<std::optional<StoredCheckpoint>> sealed_checkpoint(sql::Transaction& tx, const crypto::SigningKey& key,
                                                          const CheckpointSeal& seals) {
  WRIT_TRY(const auto before, newest_checkpoint(tx));
  WRIT_TRY(const auto seal, read_seal(tx));
  const auto read = before ? read_checkpoint(before->text) : Result<Checkpoint>(Checkpoint{});
  const bool version_1 = before && read && read->v == 1 && !seal;
  if (!version_1)
    if (const auto problem =
            seals.problem(seal, before ? before->number : 0, before && read ? hash_of(*read) : std::string(genesis)))
      return fail(conflict("audit_rewritten", problem->message + ": nothing is signed; see writ audit verify"));
  WRIT_TRY(auto made, next_checkpoint(tx, key));
  if (!made) return std::nullopt;
  WRIT_TRY(const auto checkpoint, read_checkpoint(made->text));
  WRIT_CHECK(put_seal(tx, seals.of(made->number, hash_of(checkpoint))));
  return made;
}

}  // namespace

sql::Migrations policy_migrations() {
  return {{.name = "policy/0001_decisions", .sql = R"(
CREATE TABLE decisions (
  tenant TEXT NOT NULL, decision_id TEXT NOT NULL, request_id TEXT NOT NULL, body_hash TEXT NOT NULL,
  subject TEXT NOT NULL, action TEXT NOT NULL, verdict TEXT NOT NULL,
  answer TEXT NOT NULL,  -- JSON, given again when the question is repeated
  of_decision TEXT, at INTEGER NOT NULL,
  PRIMARY KEY (tenant, decision_id), UNIQUE (tenant, request_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE settlements (
  tenant TEXT NOT NULL, request_id TEXT NOT NULL, decision_id TEXT NOT NULL, actual INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (tenant, request_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE releases (  -- an upper bound of what left, committed before it could
  tenant TEXT NOT NULL, decision_id TEXT NOT NULL, upto INTEGER NOT NULL, chunk_hash TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (tenant, decision_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE key_ring (id INTEGER PRIMARY KEY CHECK (id = 1), sealed TEXT NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE TABLE pulse (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT;
)"},
          audit_migration(),
          budget_migration(),
          audit_format_migration(),
          attempts_migration(),
          constitution_migration()};
}

Task<Result<std::optional<Decision>>> PolicyStore::answered(Context ctx, TenantId tenant, std::string request_id,
                                                            std::string body_hash) {
  return database_.read(std::move(ctx), [tenant = std::move(tenant), request_id = std::move(request_id),
                                         body_hash = std::move(body_hash)](sql::Reader& reader) {
    return find_answer(reader, tenant, request_id, body_hash);
  });
}

Task<Result<AskedReviews>> PolicyStore::asked_reviews(Context ctx, TenantId tenant, Subject subject, Action action,
                                                      std::vector<std::string> decisions) {
  return database_.read(std::move(ctx),
                        [=](sql::Reader& reader) { return reviews_asked(reader, tenant, subject, action, decisions); });
}

Task<Result<Decision>> PolicyStore::record(Context ctx, Recording recording) {
  return database_.write(std::move(ctx), [r = std::move(recording)](sql::Transaction& tx) { return record_in(tx, r); });
}

Task<Status> PolicyStore::release(Context ctx, Released released) {
  return database_.write(std::move(ctx), [r = std::move(released)](sql::Transaction& tx) -> Status {
    WRIT_CHECK(put_release(tx, r));
    return tell_bound(tx, r);
  });
}

Task<Result<OutputPlace>> PolicyStore::place_of(Context ctx, TenantId tenant, DecisionId decision) {
  return database_.read(std::move(ctx), [tenant = std::move(tenant), decision = std::move(decision)](
                                            sql::Reader& reader) { return find_place(reader, tenant, decision); });
}

Task<Result<Settled>> PolicyStore::settle(Context ctx, TenantId tenant, SettleRequest request,
                                          std::vector<BudgetRule> budgets) {
  return database_.write(std::move(ctx),
                         [tenant = std::move(tenant), request = std::move(request),
                          budgets = std::move(budgets)](sql::Transaction& tx) -> Result<Settled> {
                           WRIT_TRY(auto settled, settle_in(tx, tenant, request, budgets));
                           WRIT_CHECK(forget_release(tx, tenant, request.decision_id));
                           return settled;
                         });
}

Task<Result<Finished>> PolicyStore::finish(Context ctx, Recording output, SettleRequest request,
                                           std::optional<Released> released) {
  return database_.write(std::move(ctx),
                         [r = std::move(output), request = std::move(request),
                          released = std::move(released)](sql::Transaction& tx) -> Result<Finished> {
                           Finished out;
                           // First: the records hold how far the output went.
                           if (released && r.judgement.verdict == Verdict::allow)
                             WRIT_CHECK(put_release(tx, *released));
                           const auto call = request.decision_id;
                           WRIT_TRY(out.settled, settle_in(tx, r.tenant, request, r.budgets));
                           WRIT_TRY(out.decision, record_in(tx, r));
                           WRIT_CHECK(forget_release(tx, r.tenant, call));
                           return out;
                         });
}

Task<Result<Appended>> PolicyStore::append(Context ctx, AppendAudit fact) {
  return database_.write(std::move(ctx), [fact = std::move(fact)](sql::Transaction& tx) -> Result<Appended> {
    WRIT_TRY(const auto before,
             tx.row("SELECT seq FROM audit_appends WHERE tenant = ?1 AND id = ?2", fact.tenant, fact.id));
    if (before) return Appended{.seq = before->get<std::int64_t>(0)};
    const std::string run(text_at(fact.data, "run_id"));
    WRIT_TRY(const auto record, append_record(tx, fact.tenant, fact.kind, fact.data,
                                              {.run_id = run, .subject = fact.subject.value_or("")}));
    if (fact.kind == run_finished && !run.empty()) {
      WRIT_TRY(const auto left, end_run(tx, fact.tenant, run));
      WRIT_CHECK(record_replaced(tx, left, "its run has ended"));
    }
    WRIT_CHECK(
        tx.run("INSERT INTO audit_appends (tenant, id, seq) VALUES (?1, ?2, ?3)", fact.tenant, fact.id, record.seq));
    return Appended{.seq = record.seq};
  });
}

Task<Result<AuditPage>> PolicyStore::audit_page(Context ctx, TenantId tenant, ListAudit query) {
  return database_.read(std::move(ctx), [tenant = std::move(tenant), query = std::move(query)](sql::Reader& reader) {
    return read_page(reader, tenant, query);
  });
}

Task<Status> PolicyStore::look(Context ctx, std::function<Status(sql::Reader&)> work) {
  return database_.read(std::move(ctx), std::move(work));
}

Task<Result<Budget>> PolicyStore::budget(Context ctx, TenantId tenant, std::vector<BudgetRule> budgets) {
  return database_.read(std::move(ctx), [tenant = std::move(tenant), budgets = std::move(budgets)](
                                            sql::Reader& reader) { return read_budget(reader, tenant, budgets); });
}

Task<Result<std::optional<StoredCheckpoint>>> PolicyStore::checkpoint(Context ctx, crypto::SigningKey key,
                                                                      CheckpointSeal seal) {
  return database_.write(std::move(ctx), [key = std::move(key), seal = std::move(seal)](sql::Transaction& tx) {
    return sealed_checkpoint(tx, key, seal);
  });
}

Task<Result<UnwrittenLines>> PolicyStore::unwritten(Context ctx) {
  return database_.read(std::move(ctx), [](sql::Reader& reader) -> Result<UnwrittenLines> {
    UnwrittenLines out;
    WRIT_TRY(out.written, lines_written(reader));
    if (out.written > 0) {
      WRIT_TRY(auto last, read_checkpoints(reader, out.written - 1, 1));
      if (!last.empty() && last.front().number == out.written) out.last = std::move(last.front());
    }
    WRIT_TRY(out.rows, read_checkpoints(reader, out.written, lines_max));
    return out;
  });
}

Task<Status> PolicyStore::written(Context ctx, std::int64_t number) {
  return database_.write(std::move(ctx), [number](sql::Transaction& tx) { return set_lines_written(tx, number); });
}

Task<Result<std::int64_t>> PolicyStore::expire(Context ctx) {
  return database_.write(std::move(ctx), [](sql::Transaction& tx) { return expire_reservations(tx); });
}

Task<Status> PolicyStore::prune(Context ctx) {
  return database_.write(std::move(ctx), [](sql::Transaction& tx) { return prune_budgets(tx); });
}

Task<Result<std::optional<std::string>>> PolicyStore::sealed_ring(Context ctx) {
  return database_.read(std::move(ctx), [](sql::Reader& reader) -> Result<std::optional<std::string>> {
    WRIT_TRY(const auto row, reader.row("SELECT sealed FROM key_ring WHERE id = 1"));
    if (!row) return std::nullopt;
    return row->get<std::string>(0);
  });
}

Task<Status> PolicyStore::put_sealed_ring(Context ctx, std::string sealed, Seal seal) {
  return database_.write(
      std::move(ctx), [sealed = std::move(sealed), seal = std::move(seal)](sql::Transaction& tx) -> Status {
        WRIT_TRY(const auto before, tx.row("SELECT 1 FROM audit LIMIT 1"));
        if (before)
          return fail(invalid("key_ring_missing",
                              "the audit has records but the key ring that signed it is gone: restore the "
                              "database of policy-engine"));
        WRIT_CHECK(put_seal(tx, seal));
        WRIT_CHECK(tx.run(
            "INSERT INTO key_ring (id, sealed, updated_at) VALUES (1, ?1, ?2) ON CONFLICT (id) DO UPDATE SET sealed "
            "= excluded.sealed, updated_at = excluded.updated_at",
            sealed, tx.now()));
        return {};
      });
}

Task<Status> PolicyStore::check(Context ctx) {
  return database_.write(std::move(ctx), [](sql::Transaction& tx) -> Status {
    WRIT_CHECK(
        tx.run("INSERT INTO pulse (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = excluded.at", tx.now()));
    return {};
  });
}

}  // namespace writ::policy
