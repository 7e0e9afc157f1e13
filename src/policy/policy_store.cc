#include "policy/policy_store.h"

namespace writ::policy {
namespace {

std::string run_of(const EvaluateRequest& question) {
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
  return data;
}

Status write_decision(sql::Transaction& tx, const Recording& r, const Decision& answer) {
  WRIT_CHECK(
      tx.run("INSERT INTO decisions (tenant, decision_id, request_id, body_hash, subject, action, verdict, answer, "
             "of_decision, at) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
             r.tenant, r.decision_id, r.question.request_id, r.body_hash, r.subject, schema::name_of(r.question.action),
             schema::name_of(answer.decision), to_text(schema::encode(answer)), r.question.of, tx.now()));
  WRIT_CHECK(append_record(tx, r.tenant, "decision", audit_of(r, answer), run_of(r.question)));
  return {};
}

Result<Decision> record_in(sql::Transaction& tx, const Recording& r) {
  // Asked twice at once: the second finds what the first wrote.
  WRIT_TRY(auto before, find_answer(tx, r.tenant, r.question.request_id, r.body_hash));
  if (before) return std::move(*before);
  Decision answer{.decision = r.judgement.verdict,
                  .decision_id = r.decision_id,
                  .reasons = r.judgement.reasons,
                  .obligations = r.judgement.obligations,
                  .policy_version = r.policy_version,
                  .reservation = {},
                  .grant = {},
                  .review_scope = r.judgement.review_scope,
                  .facts = r.judgement.facts,
                  .tokens_left = {}};
  if (answer.decision == Verdict::allow) {
    if (r.question.estimate) {
      WRIT_TRY(answer.reservation, reserve_tokens(tx, r.tenant, r.decision_id, r.budgets, *r.question.estimate,
                                                  tx.now() + r.reservation_life));
    }
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
  WRIT_TRY(const auto decision,
           tx.row("SELECT verdict FROM decisions WHERE tenant = ?1 AND decision_id = ?2", tenant, request.decision_id));
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
  const auto slash = request.request_id.find('/');
  const auto run = request.request_id.starts_with(RunId::prefix) ? request.request_id.substr(0, slash) : std::string();
  WRIT_CHECK(append_record(tx, tenant, "settle", std::move(data), run));
  return settled;
}

Status release_in(sql::Transaction& tx, const Released& r) {
  WRIT_CHECK(
      tx.run("INSERT INTO releases (tenant, decision_id, upto, chunk_hash, at) VALUES (?1, ?2, ?3, ?4, ?5) "
             "ON CONFLICT (tenant, decision_id) DO UPDATE SET upto = max(upto, excluded.upto), chunk_hash = "
             "excluded.chunk_hash, at = excluded.at",
             r.tenant, r.decision_id, r.upto, r.chunk_hash, tx.now()));
  return {};
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
          budget_migration()};
}

Task<Result<std::optional<Decision>>> PolicyStore::answered(Context ctx, TenantId tenant, std::string request_id,
                                                            std::string body_hash) {
  return database_.read(std::move(ctx), [tenant = std::move(tenant), request_id = std::move(request_id),
                                         body_hash = std::move(body_hash)](sql::Reader& reader) {
    return find_answer(reader, tenant, request_id, body_hash);
  });
}

Task<Result<Decision>> PolicyStore::record(Context ctx, Recording recording) {
  return database_.write(std::move(ctx), [r = std::move(recording)](sql::Transaction& tx) { return record_in(tx, r); });
}

Task<Status> PolicyStore::release(Context ctx, Released released) {
  return database_.write(std::move(ctx), [r = std::move(released)](sql::Transaction& tx) { return release_in(tx, r); });
}

Task<Result<Settled>> PolicyStore::settle(Context ctx, TenantId tenant, SettleRequest request,
                                          std::vector<BudgetRule> budgets) {
  return database_.write(std::move(ctx),
                         [tenant = std::move(tenant), request = std::move(request), budgets = std::move(budgets)](
                             sql::Transaction& tx) { return settle_in(tx, tenant, request, budgets); });
}

Task<Result<Finished>> PolicyStore::finish(Context ctx, Recording output, SettleRequest request,
                                           std::optional<Released> released) {
  return database_.write(std::move(ctx),
                         [r = std::move(output), request = std::move(request),
                          released = std::move(released)](sql::Transaction& tx) -> Result<Finished> {
                           Finished out;
                           WRIT_TRY(out.settled, settle_in(tx, r.tenant, request, r.budgets));
                           WRIT_TRY(out.decision, record_in(tx, r));
                           if (released && out.decision.decision == Verdict::allow)
                             WRIT_CHECK(release_in(tx, *released));
                           return out;
                         });
}

Task<Result<Appended>> PolicyStore::append(Context ctx, AppendAudit fact) {
  return database_.write(std::move(ctx), [fact = std::move(fact)](sql::Transaction& tx) -> Result<Appended> {
    WRIT_TRY(const auto before,
             tx.row("SELECT seq FROM audit_appends WHERE tenant = ?1 AND id = ?2", fact.tenant, fact.id));
    if (before) return Appended{.seq = before->get<std::int64_t>(0)};
    const std::string run(text_at(fact.data, "run_id"));
    WRIT_TRY(const auto record, append_record(tx, fact.tenant, fact.kind, fact.data, run));
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

Task<Result<AuditReport>> PolicyStore::verify(Context ctx, crypto::KeySet keys, std::vector<Checkpoint> outside,
                                              std::optional<TenantId> only) {
  return database_.read(std::move(ctx), [keys = std::move(keys), outside = std::move(outside), only = std::move(only)](
                                            sql::Reader& reader) { return verify_all(reader, keys, outside, only); });
}

Task<Result<Budget>> PolicyStore::budget(Context ctx, TenantId tenant, std::vector<BudgetRule> budgets) {
  return database_.read(std::move(ctx), [tenant = std::move(tenant), budgets = std::move(budgets)](
                                            sql::Reader& reader) { return read_budget(reader, tenant, budgets); });
}

Task<Result<std::optional<Checkpoint>>> PolicyStore::checkpoint(Context ctx, crypto::SigningKey key) {
  return database_.write(
      std::move(ctx), [key = std::move(key)](sql::Transaction& tx) -> Result<std::optional<Checkpoint>> {
        WRIT_TRY(auto heads, read_heads(tx));
        WRIT_TRY(const auto last, tx.row("SELECT document FROM checkpoints ORDER BY n DESC LIMIT 1"));
        const auto text = to_text(schema::encode(heads));
        if (heads.empty()) return std::nullopt;
        if (last) {
          const auto document = parse_json(last->get<std::string>(0));
          if (document && document->is_object() && document->get_object().contains("heads") &&
              to_text(document->at("heads")) == text)
            return std::nullopt;
        }
        WRIT_TRY(auto checkpoint, sign_checkpoint(tx.now(), std::move(heads), key));
        WRIT_CHECK(put_checkpoint(tx, checkpoint));
        return checkpoint;
      });
}

Task<Result<std::int64_t>> PolicyStore::expire(Context ctx) {
  return database_.write(std::move(ctx), [](sql::Transaction& tx) { return expire_reservations(tx); });
}

Task<Result<std::optional<std::string>>> PolicyStore::sealed_ring(Context ctx) {
  return database_.read(std::move(ctx), [](sql::Reader& reader) -> Result<std::optional<std::string>> {
    WRIT_TRY(const auto row, reader.row("SELECT sealed FROM key_ring WHERE id = 1"));
    if (!row) return std::nullopt;
    return row->get<std::string>(0);
  });
}

Task<Status> PolicyStore::put_sealed_ring(Context ctx, std::string sealed) {
  return database_.write(std::move(ctx), [sealed = std::move(sealed)](sql::Transaction& tx) -> Status {
    WRIT_CHECK(
        tx.run("INSERT INTO key_ring (id, sealed, updated_at) VALUES (1, ?1, ?2) ON CONFLICT (id) DO UPDATE SET sealed "
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
