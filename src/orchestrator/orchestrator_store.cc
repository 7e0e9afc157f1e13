#include "orchestrator/orchestrator_store.h"

#include <algorithm>
#include <utility>

#include "orchestrator/run_snapshots.h"
#include "orchestrator/run_tables.h"

namespace writ::orchestrator {
namespace {

using content::ContentStore;
using sql::Reader;
using sql::Transaction;

// Of a session, what a model may be told again: more than any context holds, and no more than a run may keep in memory.
constexpr std::int64_t earlier_max = 200;
constexpr std::size_t earlier_bytes_max = 512UL * 1024;

// The stored response of the same request, or that of `effect`, which is kept in the same transaction.
template <class Out, class Effect>
Result<Out> once(Transaction& tx, const TenantId& tenant, const IdempotencyKey& key, Effect effect) {
  WRIT_TRY(const auto before, tables::find_response(tx, tenant, key));
  if (before) return schema::decode<Out>(*before, {.unknown = schema::Unknown::ignore});
  WRIT_TRY(auto out, effect());
  WRIT_CHECK(tables::keep_response(tx, tenant, key, schema::encode(out)));
  return out;
}

Result<std::optional<std::string>> text_of(Reader& reader, const ContentStore& content, const TenantId& tenant,
                                           const Subject& subject, const std::optional<std::string>& id) {
  if (!id) return std::nullopt;
  return content.get(reader, tenant, subject, writ::ContentId(*id));
}

Result<Earlier> earlier_exchanges(Reader& reader, const ContentStore& content, const tables::RunRow& row) {
  WRIT_TRY(const auto rows,
           reader.rows("SELECT prompt, answer, count(*) OVER () FROM runs WHERE tenant = ?1 AND session = ?2 AND "
                       "nth < ?3 AND status = 'completed' ORDER BY nth DESC LIMIT ?4",
                       row.tenant, row.session, row.nth, earlier_max));
  Earlier out;
  std::size_t bytes = 0;
  std::int64_t read = 0;
  for (const auto& run : rows) {
    if (bytes >= earlier_bytes_max) break;
    ++read;
    WRIT_TRY(auto prompt, text_of(reader, content, row.tenant, row.data_subject, run.get<std::string>(0)));
    WRIT_TRY(auto answer,
             text_of(reader, content, row.tenant, row.data_subject, run.get<std::optional<std::string>>(1)));
    if (!prompt || !answer) continue;
    bytes += prompt->size() + answer->size();
    out.exchanges.push_back({std::move(*prompt), std::move(*answer)});
  }
  std::ranges::reverse(out.exchanges);
  if (!rows.empty()) out.forgotten = rows.front().get<std::int64_t>(2) - read;
  return out;
}

}  // namespace

Task<Status> OrchestratorStore::check(Context ctx) {
  return database_.read(std::move(ctx), [this](Reader& reader) { return content_.check(reader); });
}

Task<Result<Started>> OrchestratorStore::create_session(Context ctx, TenantId tenant, IdempotencyKey key,
                                                        NewSession session, NewRun run) {
  return database_.write(std::move(ctx), [this, tenant, key, session, run](Transaction& tx) -> Result<Started> {
    return once<Started>(tx, tenant, key, [&]() -> Result<Started> {
      WRIT_CHECK(tables::insert_session(tx, tenant, key.subject, session));
      WRIT_CHECK(tables::insert_run(tx, content_, tenant, session.id, key.subject, run));
      return Started{.session_id = session.id, .run_id = run.id};
    });
  });
}

Task<Result<Started>> OrchestratorStore::create_run(Context ctx, TenantId tenant, IdempotencyKey key, SessionId session,
                                                    NewRun run) {
  return database_.write(std::move(ctx), [this, tenant, key, session, run](Transaction& tx) -> Result<Started> {
    return once<Started>(tx, tenant, key, [&]() -> Result<Started> {
      WRIT_TRY(const auto row, tx.row("SELECT subject FROM sessions WHERE tenant = ?1 AND id = ?2", tenant, session));
      if (!row) return fail(not_found("no_session", "there is no session " + session.str()));
      WRIT_CHECK(tables::insert_run(tx, content_, tenant, session, row->get<Subject>(0), run));
      return Started{.session_id = session, .run_id = run.id};
    });
  });
}

Task<Result<std::optional<SessionRow>>> OrchestratorStore::find_session(Context ctx, TenantId tenant, SessionId id) {
  return database_.read(std::move(ctx), [tenant, id](Reader& reader) -> Result<std::optional<SessionRow>> {
    WRIT_TRY(
        const auto row,
        reader.row("SELECT subject, capsule, model, metadata, created_at FROM sessions WHERE tenant = ?1 AND id = ?2",
                   tenant, id));
    if (!row) return std::nullopt;
    SessionRow out{.id = id,
                   .subject = row->get<Subject>(0),
                   .capsule = row->get<std::string>(1),
                   .model = row->get<std::string>(2),
                   .created_at = row->get<WallTime>(4)};
    WRIT_TRY(const auto metadata, parse_json(row->get<std::string_view>(3)));
    WRIT_TRY(out.metadata, schema::decode<schema::TextMap>(metadata));
    WRIT_TRY(const auto runs,
             reader.rows("SELECT id FROM runs WHERE tenant = ?1 AND session = ?2 ORDER BY nth", tenant, id));
    for (const auto& run : runs) out.runs.push_back(run.get<RunId>(0));
    return out;
  });
}

Task<Result<std::optional<Run>>> OrchestratorStore::find_run(Context ctx, TenantId tenant, RunId id) {
  return database_.read(std::move(ctx), [this, tenant, id](Reader& reader) -> Result<std::optional<Run>> {
    WRIT_TRY(
        const auto found,
        reader.row(
            "SELECT session, status, capsule, model, steps, prompt_tokens, completion_tokens, tokens_left, "
            "answer, reason, "
            "review, created_at, finished_at, last_seq, data_subject, subject FROM runs WHERE tenant = ?1 AND id = ?2",
            tenant, id));
    if (!found) return std::nullopt;
    const auto& row = *found;
    Run out{.run_id = id,
            .session_id = row.get<SessionId>(0),
            .subject = row.get<Subject>(15),
            .capsule = row.get<std::string>(2),
            .model = row.get<std::string>(3),
            .steps = row.get<std::int64_t>(4),
            .usage = {.prompt = row.get<Tokens>(5),
                      .completion = row.get<Tokens>(6),
                      .left = row.get<std::optional<Tokens>>(7)},
            .review_id = row.get<std::optional<ReviewId>>(10),
            .created_at = row.get<WallTime>(11),
            .finished_at = row.get<std::optional<WallTime>>(12),
            .last_seq = row.get<std::int64_t>(13)};
    for (const auto& [status, name] : schema::EnumNames<RunStatus>::value)
      if (name == row.get<std::string_view>(1)) out.status = status;
    if (auto reason = row.get<std::string>(9); !reason.empty()) out.reason = std::move(reason);
    WRIT_TRY(out.answer,
             text_of(reader, content_, tenant, row.get<Subject>(14), row.get<std::optional<std::string>>(8)));
    return out;
  });
}

Task<Result<std::vector<ResolvedEvent>>> OrchestratorStore::events_after(Context ctx, TenantId tenant, RunId run,
                                                                         std::int64_t after, std::int64_t limit) {
  return database_.read(std::move(ctx),
                        [this, tenant, run, after, limit](Reader& reader) -> Result<std::vector<ResolvedEvent>> {
                          WRIT_TRY(const auto row, tables::find_row(reader, tenant, run));
                          WRIT_TRY(auto events, tables::read_events(reader, tenant, run, after, limit));
                          Texts texts;
                          WRIT_CHECK(tables::read_texts(reader, content_, row, events, texts));
                          std::vector<ResolvedEvent> out;
                          for (auto& event : events) {
                            ResolvedEvent resolved{.event = std::move(event)};
                            for_each_content(resolved.event.data, [&](ContentId& field) {
                              const auto* text = texts.find(field);
                              resolved.erased = resolved.erased || text == nullptr;
                              field = text == nullptr ? "" : *text;
                            });
                            out.push_back(std::move(resolved));
                          }
                          return out;
                        });
}

Task<Result<std::optional<Review>>> OrchestratorStore::find_review(Context ctx, TenantId tenant, ReviewId id) {
  return database_.read(
      std::move(ctx), [this, tenant, id](Reader& reader) { return tables::find_review(reader, content_, tenant, id); });
}

Task<Result<std::vector<Review>>> OrchestratorStore::list_reviews(Context ctx, TenantId tenant,
                                                                  std::optional<RunId> run) {
  return database_.read(std::move(ctx), [this, tenant, run](Reader& reader) {
    return tables::list_reviews(reader, content_, tenant, run);
  });
}

Task<Result<Appended>> OrchestratorStore::append_by_person(Context ctx, TenantId tenant, RunId run, Draft draft,
                                                           WallTime at) {
  return database_.write(std::move(ctx), [this, tenant, run, draft, at](Transaction& tx) -> Result<Appended> {
    WRIT_TRY(const auto row, tables::find_row(tx, tenant, run));
    WRIT_TRY(auto state, tables::read_state(tx, tenant, run));
    return tables::write_events(tx, content_, row, std::move(state), {draft}, at, tables::Write::by_person);
  });
}

Task<Result<OrchestratorStore::Answered>> OrchestratorStore::answer_review(Context ctx, TenantId tenant,
                                                                           IdempotencyKey key, ReviewAnswered draft,
                                                                           WallTime at) {
  return database_.write(std::move(ctx), [this, tenant, key, draft, at](Transaction& tx) -> Result<Answered> {
    Answered out;
    auto answer = [&]() -> Result<Review> {
      WRIT_TRY(auto review, tables::find_review(tx, content_, tenant, draft.review_id));
      if (!review) return fail(not_found("no_review", "there is no review " + draft.review_id.str()));
      if (review->status != ReviewStatus::open || review->expires_at <= at)
        return fail(conflict("review_answered", "the review is no longer open"));
      WRIT_TRY(const auto row, tables::find_row(tx, tenant, review->run_id));
      WRIT_TRY(auto state, tables::read_state(tx, tenant, review->run_id));
      if (state.finish && review->kind == ReviewKind::action)
        return fail(conflict("review_answered", "the review is no longer open: the run is ending"));
      if (state.finish && draft.answer == ReviewAnswer::retry)
        return fail(conflict("run_ending", "the run is ending, so the call is not tried again: answer done or deny"));
      auto event = draft;
      if (state.review) event.decision_id = state.review->decision_id;
      WRIT_TRY(out.appended,
               tables::write_events(tx, content_, row, std::move(state), {event}, at, tables::Write::by_person));
      WRIT_TRY(review, tables::find_review(tx, content_, tenant, draft.review_id));
      return std::move(*review);
    };
    WRIT_TRY(out.review, once<Review>(tx, tenant, key, answer));
    return out;
  });
}

Task<Result<std::vector<Claim>>> OrchestratorStore::claim_due(Context ctx, std::string owner, Millis lease,
                                                              std::size_t limit) {
  return database_.write(std::move(ctx), [owner, lease, limit](Transaction& tx) -> Result<std::vector<Claim>> {
    WRIT_TRY(const auto rows,
             tx.rows("UPDATE runs SET owner = ?1, lease_until = ?3, fence = fence + 1 WHERE (tenant, id) IN ("
                     "SELECT tenant, id FROM runs WHERE finished_at IS NULL AND due_at <= ?2 AND owner IS NULL "
                     "ORDER BY due_at LIMIT ?4) RETURNING tenant, id, fence, wait_ms > 0",
                     owner, tx.now(), tx.now() + lease, limit));
    std::vector<Claim> out;
    for (const auto& row : rows)
      out.push_back({row.get<TenantId>(0), row.get<RunId>(1), row.get<std::int64_t>(2), row.get<bool>(3)});
    return out;
  });
}

Task<Status> OrchestratorStore::disown(Context ctx, std::string owner) {
  return database_.write(std::move(ctx), [owner](Transaction& tx) -> Status {
    WRIT_CHECK(
        tx.run("UPDATE runs SET owner = NULL, lease_until = NULL WHERE owner = ?1 AND finished_at IS NULL", owner));
    return {};
  });
}

Task<Result<std::optional<Millis>>> OrchestratorStore::next_due(Context ctx) {
  return database_.read(std::move(ctx), [](Reader& reader) -> Result<std::optional<Millis>> {
    WRIT_TRY(const auto row, reader.row("SELECT min(due_at) FROM runs WHERE finished_at IS NULL AND owner IS NULL"));
    const auto due = row ? row->get<std::optional<WallTime>>(0) : std::nullopt;
    return due ? std::optional(*due - reader.now()) : std::nullopt;
  });
}

Task<Status> OrchestratorStore::renew_leases(Context ctx, std::string owner, Millis lease) {
  return database_.write(std::move(ctx), [owner, lease](Transaction& tx) -> Status {
    WRIT_CHECK(
        tx.run("UPDATE runs SET lease_until = ?2 WHERE owner = ?1 AND finished_at IS NULL", owner, tx.now() + lease));
    return {};
  });
}

Task<Result<std::vector<Claim>>> OrchestratorStore::owned(Context ctx, std::string owner) {
  return database_.read(std::move(ctx), [owner](Reader& reader) -> Result<std::vector<Claim>> {
    WRIT_TRY(const auto rows,
             reader.rows("SELECT tenant, id, fence FROM runs WHERE finished_at IS NULL AND owner = ?1", owner));
    std::vector<Claim> out;
    for (const auto& row : rows) out.push_back({row.get<TenantId>(0), row.get<RunId>(1), row.get<std::int64_t>(2)});
    return out;
  });
}

Task<Status> OrchestratorStore::give_back(Context ctx, std::vector<Claim> claims) {
  return database_.write(std::move(ctx), [claims](Transaction& tx) -> Status {
    for (const auto& claim : claims)
      WRIT_CHECK(
          tx.run("UPDATE runs SET owner = NULL, lease_until = NULL WHERE tenant = ?1 AND id = ?2 AND fence = ?3 "
                 "AND finished_at IS NULL",
                 claim.tenant, claim.run_id, claim.fence));
    return {};
  });
}

Task<Result<std::vector<Lease>>> OrchestratorStore::other_leases(Context ctx, std::string owner) {
  return database_.read(std::move(ctx), [owner](Reader& reader) -> Result<std::vector<Lease>> {
    WRIT_TRY(const auto rows,
             reader.rows("SELECT owner, max(lease_until) FROM runs WHERE finished_at IS NULL AND owner IS NOT NULL AND "
                         "owner <> ?1 GROUP BY owner LIMIT 1000",
                         owner));
    std::vector<Lease> out;
    for (const auto& row : rows)
      out.push_back({row.get<std::string>(0), row.get<std::optional<WallTime>>(1).value_or(WallTime{})});
    return out;
  });
}

Task<Status> OrchestratorStore::bound_waits(Context ctx) {
  return database_.write(std::move(ctx), [](Transaction& tx) -> Status {
    WRIT_CHECK(
        tx.run("UPDATE runs SET due_at = ?1 + wait_ms WHERE finished_at IS NULL AND due_at > ?1 + wait_ms", tx.now()));
    return {};
  });
}

Task<Result<bool>> OrchestratorStore::release(Context ctx, Claim claim, std::int64_t last_seq, Millis wait) {
  return database_.write(std::move(ctx), [claim, last_seq, wait](Transaction& tx) -> Result<bool> {
    WRIT_TRY(const auto changed,
             tx.run("UPDATE runs SET owner = NULL, lease_until = NULL, due_at = ?5, wait_ms = ?6 "
                    "WHERE tenant = ?1 AND id = ?2 AND fence = ?3 AND last_seq = ?4 AND finished_at IS NULL",
                    claim.tenant, claim.run_id, claim.fence, last_seq, tx.now() + wait, wait.count()));
    return changed == 1;
  });
}

Task<Result<LoadedRun>> OrchestratorStore::load(Context ctx, Claim claim) {
  return database_.read(std::move(ctx), [this, claim](Reader& reader) -> Result<LoadedRun> {
    WRIT_TRY(const auto row, tables::find_row(reader, claim.tenant, claim.run_id));
    LoadedRun out;
    WRIT_TRY(out.state, tables::read_state(reader, claim.tenant, claim.run_id));
    Status read;
    for_each_content(out.state, [&](const ContentId& id) {
      if (read) read = tables::read_text(reader, content_, row, id, out.texts);
    });
    WRIT_CHECK(read);
    WRIT_TRY(out.earlier, earlier_exchanges(reader, content_, row));
    return out;
  });
}

Task<Result<Appended>> OrchestratorStore::append(Context ctx, Claim claim, RunState state, std::vector<Draft> drafts,
                                                 WallTime at) {
  return database_.write(
      std::move(ctx),
      [this, claim, before = std::move(state), drafts = std::move(drafts), at](Transaction& tx) -> Result<Appended> {
        auto state = before;
        WRIT_TRY(const auto row, tables::find_row(tx, claim.tenant, claim.run_id));
        if (row.fence != claim.fence || !row.owned)
          return fail(conflict("fenced", "another host has the run " + claim.run_id.str()));
        WRIT_TRY(auto others, tables::read_events(tx, claim.tenant, claim.run_id, state.last_seq, tables::all_events));
        for (const auto& event : others) state = apply(std::move(state), event);
        Texts texts;
        WRIT_CHECK(tables::read_texts(tx, content_, row, others, texts));
        WRIT_TRY(auto out,
                 tables::write_events(tx, content_, row, std::move(state), drafts, at, tables::Write::by_host));
        out.events.insert(out.events.begin(), std::make_move_iterator(others.begin()),
                          std::make_move_iterator(others.end()));
        out.texts.known.merge(texts.known);
        return out;
      });
}

Task<Status> OrchestratorStore::forget_old_keys(Context ctx) {
  return database_.write(std::move(ctx), [](Transaction& tx) -> Status {
    WRIT_CHECK(tx.run("DELETE FROM idempotency WHERE created_at <= ?1", tx.now() - std::chrono::hours{24}));
    return {};
  });
}

Task<Result<std::map<RunStatus, std::int64_t>>> OrchestratorStore::unfinished(Context ctx) {
  return database_.read(std::move(ctx), [](Reader& reader) -> Result<std::map<RunStatus, std::int64_t>> {
    WRIT_TRY(const auto rows,
             reader.rows("SELECT status, count(*) FROM runs WHERE finished_at IS NULL GROUP BY status"));
    std::map<RunStatus, std::int64_t> out;
    for (const auto& row : rows)
      for (const auto& [status, name] : schema::EnumNames<RunStatus>::value)
        if (name == row.get<std::string_view>(0)) out[status] = row.get<std::int64_t>(1);
    return out;
  });
}

}  // namespace writ::orchestrator
