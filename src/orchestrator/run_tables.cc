#include "orchestrator/run_tables.h"

#include <utility>

#include "orchestrator/run_snapshots.h"
#include "outbox/audit_outbox.h"

namespace writ::orchestrator {

namespace tables {
namespace {

constexpr Millis idempotency_life = std::chrono::hours{24};

template <class E>
Result<E> enum_named(std::string_view name) {
  for (const auto& [value, text] : schema::EnumNames<E>::value)
    if (text == name) return value;
  return fail(internal("a stored value is unknown: " + std::string(name), "orchestrator store"));
}

Status insert_event(sql::Transaction& tx, const RunRow& row, const Event& event) {
  WRIT_CHECK(tx.run("INSERT INTO events (tenant, run, seq, type, v, at, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    row.tenant, row.id, event.seq, type_of(event.data), event_version, event.at,
                    to_text(encode_event(event.data))));
  return {};
}

Status tell(sql::Transaction& tx, const RunRow& row, std::string id, std::string kind, json::object data,
            std::optional<std::string> subject) {
  return outbox::tell(tx, {.tenant = row.tenant,
                           .id = std::move(id),
                           .kind = std::move(kind),
                           .data = std::move(data),
                           .subject = std::move(subject)});
}

// ---- what else an event changes

Status follow(sql::Transaction& tx, const RunRow& row, const ReviewRequested& e, WallTime at) {
  WRIT_CHECK(
      tx.run("INSERT INTO reviews (tenant, id, run, kind, status, tool, arguments, scope, requested_by, created_at, "
             "expires_at, rule) "
             "VALUES (?1, ?2, ?3, ?4, 'open', ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
             row.tenant, e.review_id, row.id, schema::name_of(e.kind), e.tool, e.arguments, e.scope, row.subject, at,
             e.expires_at, e.rule));
  return {};
}

ReviewStatus status_after(const ReviewAnswered& e) {
  switch (e.answer) {
    case ReviewAnswer::approve: return ReviewStatus::approved;
    case ReviewAnswer::retry: return ReviewStatus::retried;
    case ReviewAnswer::done: return ReviewStatus::done;
    case ReviewAnswer::deny: break;
  }
  return e.by ? ReviewStatus::denied : ReviewStatus::expired;
}

Status follow(sql::Transaction& tx, const RunRow& row, const ReviewAnswered& e, WallTime) {
  WRIT_CHECK(tx.run("UPDATE reviews SET status = ?3, answered_by = ?4 WHERE tenant = ?1 AND id = ?2", row.tenant,
                    e.review_id, schema::name_of(status_after(e)), e.by));
  json::object facts{{"review_id", e.review_id.str()},
                     {"run_id", row.id.str()},
                     {"answer", schema::name_of(e.answer)},
                     {"decision_id", e.decision_id.str()},
                     {"argument_hash", e.argument_hash}};
  facts["by"] = nullptr;  // expired, unless somebody answered
  facts["requested_by"] = row.subject.str();
  facts["note"] = e.note;
  facts["edited"] = e.arguments.has_value();
  return tell(tx, row, e.review_id.str() + "/review.answered", "review.answered", std::move(facts),
              e.by ? std::optional(e.by->str()) : std::nullopt);
}

Status follow(sql::Transaction& tx, const RunRow& row, const RunStarted& start, const RunFinished& e) {
  WRIT_CHECK(tx.run("UPDATE reviews SET status = 'expired' WHERE tenant = ?1 AND run = ?2 AND status = 'open'",
                    row.tenant, row.id));
  json::object facts{{"run_id", row.id.str()},
                     {"session_id", row.session.str()},
                     {"subject", row.subject.str()},
                     {"capsule", start.capsule},
                     {"capsule_version", start.capsule_version},
                     {"capsule_hash", start.capsule_hash},
                     {"status", schema::name_of(e.status)},
                     {"reason", e.reason},
                     {"prompt_tokens", e.prompt.value},
                     {"completion_tokens", e.completion.value},
                     {"cut_tokens", e.cut.value_or(Tokens{}).value}};
  return tell(tx, row, row.id.str() + "/run.finished", "run.finished", std::move(facts), row.subject.str());
}

Status follow(sql::Transaction& tx, const RunRow& row, const RunStarted& start, const Event& event) {
  return std::visit(
      [&]<class E>(const E& e) -> Status {
        if constexpr (std::is_same_v<E, RunFinished>) return follow(tx, row, start, e);
        else if constexpr (requires { follow(tx, row, e, event.at); }) return follow(tx, row, e, event.at);
        else return {};
      },
      event.data);
}

// ---- the summary

struct Ownership {
  std::optional<Millis> wait;  // until it has something to do; none: it never has
  bool give_back = false;
};

Ownership ownership_after(const RunState& state, WallTime at, Write by) {
  const auto command = next(state, at);
  if (!command) return {.wait = std::nullopt, .give_back = true};
  std::optional<WallTime> until;
  if (const auto* review = std::get_if<AwaitReview>(&*command)) until = review->until;
  if (const auto* wait = std::get_if<AwaitDependency>(&*command)) until = wait->until;
  const auto wait = std::max(until.value_or(at) - at, Millis{0});
  // A person's event wakes a parked run, but leaves one alone that a host drives.
  return {.wait = wait, .give_back = by == Write::by_host && until.has_value()};
}

// Whether the run was given back.
Result<bool> write_summary(sql::Transaction& tx, const RunRow& row, const RunState& s, WallTime at, Write by) {
  const auto owner = ownership_after(s, at, by);
  const bool ended = s.stage == RunState::Stage::ended;
  std::string reason;
  if (s.finish) reason = s.finish->reason;
  else if (s.waiting) reason = s.waiting->what;
  const auto answer = ended && s.finish ? s.finish->answer : std::nullopt;
  const auto review = s.review ? std::optional(s.review->review_id) : std::nullopt;
  WRIT_CHECK(tx.run(
      "UPDATE runs SET status = ?3, last_seq = ?4, steps = ?5, prompt_tokens = ?6, completion_tokens = ?7, tokens_left "
      "= ?8, "
      "answer = ?9, reason = ?10, review = ?11, due_at = ?12, finished_at = ?13, wait_ms = ?15, "
      "owner = CASE WHEN ?14 THEN NULL ELSE owner END, lease_until = CASE WHEN ?14 THEN NULL ELSE lease_until END "
      "WHERE tenant = ?1 AND id = ?2",
      row.tenant, row.id, schema::name_of(s.status), s.last_seq, s.step, s.prompt, s.completion, s.tokens_left, answer,
      reason, review, owner.wait ? std::optional(tx.now() + *owner.wait) : std::nullopt,
      ended ? std::optional(at) : std::nullopt, owner.give_back, owner.wait.value_or(Millis{0}).count()));
  return owner.give_back;
}

constexpr std::string_view review_columns =
    "v.id, v.run, v.kind, v.status, v.tool, v.arguments, v.scope, v.requested_by, v.answered_by, v.created_at, "
    "v.expires_at, r.data_subject, v.rule";

Result<Review> review_of(sql::Reader& reader, const content::ContentStore& content, const TenantId& tenant,
                         const sql::Row& row) {
  Review out{.review_id = row.get<ReviewId>(0),
             .run_id = row.get<RunId>(1),
             .tool = row.get<std::string>(4),
             .scope = row.get<std::string>(6),
             .rule = row.get<std::string>(12),
             .requested_by = row.get<Subject>(7),
             .answered_by = row.get<std::optional<Subject>>(8),
             .created_at = row.get<WallTime>(9),
             .expires_at = row.get<WallTime>(10)};
  WRIT_TRY(out.kind, enum_named<ReviewKind>(row.get<std::string_view>(2)));
  WRIT_TRY(out.status, enum_named<ReviewStatus>(row.get<std::string_view>(3)));
  if (const auto id = row.get<std::optional<std::string>>(5)) {
    WRIT_TRY(const auto text, content.get(reader, tenant, row.get<Subject>(11), writ::ContentId(*id)));
    // What a model wrote may not be JSON; then a person sees no arguments but can still deny.
    if (auto parsed = parse_json(text.value_or("{}")); parsed && parsed->is_object())
      out.arguments = std::move(parsed->get_object());
  }
  return out;
}

}  // namespace

Result<RunRow> find_row(sql::Reader& reader, const TenantId& tenant, const RunId& run) {
  WRIT_TRY(
      const auto row,
      reader.row(
          "SELECT session, subject, data_subject, fence, last_seq, owner IS NOT NULL, finished_at IS NOT NULL, nth "
          "FROM runs WHERE tenant = ?1 AND id = ?2",
          tenant, run));
  if (!row) return fail(not_found("no_run", "there is no run " + run.str()));
  return RunRow{.tenant = tenant,
                .id = run,
                .session = row->get<SessionId>(0),
                .subject = row->get<Subject>(1),
                .data_subject = row->get<Subject>(2),
                .fence = row->get<std::int64_t>(3),
                .last_seq = row->get<std::int64_t>(4),
                .nth = row->get<std::int64_t>(7),
                .owned = row->get<bool>(5),
                .ended = row->get<bool>(6)};
}

Status insert_session(sql::Transaction& tx, const TenantId& tenant, const Subject& subject, const NewSession& session) {
  WRIT_CHECK(
      tx.run("INSERT INTO sessions (tenant, id, subject, capsule, model, metadata, created_at) VALUES (?1, ?2, ?3, ?4, "
             "?5, ?6, ?7)",
             tenant, session.id, subject, session.capsule, session.model, to_text(schema::encode(session.metadata)),
             tx.now()));
  return {};
}

// A version is one text for good: what ran under it once is what runs under it.
Status pin_capsule(sql::Transaction& tx, const TenantId& tenant, const RunStarted& started) {
  WRIT_CHECK(
      tx.run("INSERT OR IGNORE INTO capsule_versions (tenant, name, version, hash, first_used) "
             "VALUES (?1, ?2, ?3, ?4, ?5)",
             tenant, started.capsule, started.capsule_version, started.capsule_hash, tx.now()));
  WRIT_TRY(const auto row, tx.row("SELECT hash FROM capsule_versions WHERE tenant = ?1 AND name = ?2 AND version = ?3",
                                  tenant, started.capsule, started.capsule_version));
  if (row && row->get<std::string_view>(0) == started.capsule_hash) return {};
  const auto id = started.capsule + "@" + std::to_string(started.capsule_version);
  return fail(conflict("capsule_changed", "the text of " + id +
                                              " was changed after it had run: give the change a new "
                                              "version, and put the old text back"));
}

Status insert_run(sql::Transaction& tx, const content::ContentStore& content, const TenantId& tenant,
                  const SessionId& session, const Subject& data_subject, const NewRun& run) {
  const auto at = tx.now();
  const auto& started = run.started;
  WRIT_CHECK(pin_capsule(tx, tenant, started));
  auto inserted = tx.run(
      "INSERT INTO runs (tenant, id, session, subject, data_subject, fence, due_at, status, last_seq, capsule, model, "
      "steps, "
      "prompt_tokens, completion_tokens, prompt, reason, created_at, nth) "
      "VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 'running', 0, ?7, ?8, 0, 0, 0, '', '', ?6, "
      "(SELECT coalesce(max(nth), 0) + 1 FROM runs WHERE tenant = ?1 AND session = ?3))",
      tenant, run.id, session, started.subject, data_subject, at,
      started.capsule + "@" + std::to_string(started.capsule_version), started.model);
  if (!inserted && inserted.error().code == "unique_violation")
    return fail(conflict("run_active", "the session has a run that has not ended"));
  WRIT_CHECK(inserted);
  const RunRow row{
      .tenant = tenant, .id = run.id, .session = session, .subject = started.subject, .data_subject = data_subject};
  WRIT_TRY(const auto written, write_events(tx, content, row, RunState{}, {started}, at, Write::by_person));
  WRIT_CHECK(
      tx.run("UPDATE runs SET prompt = ?3 WHERE tenant = ?1 AND id = ?2", tenant, run.id, written.state.start.prompt));
  return {};
}

Result<std::vector<Event>> read_events(sql::Reader& reader, const TenantId& tenant, const RunId& run,
                                       std::int64_t after, std::int64_t limit) {
  WRIT_TRY(
      const auto rows,
      reader.rows(
          "SELECT seq, type, v, at, data FROM events WHERE tenant = ?1 AND run = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4",
          tenant, run, after, limit));
  std::vector<Event> out;
  for (const auto& row : rows) {
    const auto [seq, type, v, at, data] =
        row.as<std::int64_t, std::string_view, std::int64_t, WallTime, std::string_view>();
    if (seq != after + static_cast<std::int64_t>(out.size()) + 1)
      return fail(internal("the events of " + run.str() + " have a gap", "orchestrator store"));
    WRIT_TRY(const auto document, parse_json(data));
    WRIT_TRY(auto event, decode_event(type, v, document));
    out.push_back({.seq = seq, .at = at, .data = std::move(event)});
  }
  return out;
}

Result<Appended> write_events(sql::Transaction& tx, const content::ContentStore& content, const RunRow& row,
                              RunState state, std::vector<Draft> drafts, WallTime at, Write by) {
  Appended out;
  const auto before = state.last_seq;
  at = std::max(at, state.now);
  for (auto& draft : drafts) {
    if (state.stage == RunState::Stage::ended) break;
    Status stored;
    for_each_content(draft, [&](ContentId& field) {
      if (!stored) return;
      auto id = content.put(tx, row.tenant, row.data_subject, field);
      if (!id) {
        stored = fail(std::move(id).error());
        return;
      }
      out.texts.known.insert_or_assign(id->str(), std::exchange(field, id->str()));
    });
    WRIT_CHECK(stored);
    Event event{.seq = state.last_seq + 1, .at = at, .data = std::move(draft)};
    WRIT_CHECK(insert_event(tx, row, event));
    WRIT_CHECK(follow(tx, row, state.start, event));
    state = apply(std::move(state), event);
    out.events.push_back(std::move(event));
  }
  if (!out.events.empty()) {
    WRIT_TRY(out.given_back, write_summary(tx, row, state, at, by));
    WRIT_CHECK(keep_snapshot(tx, row, before, state));
  }
  out.state = std::move(state);
  return out;
}

Status read_text(sql::Reader& reader, const content::ContentStore& content, const RunRow& row, const ContentId& id,
                 Texts& out) {
  if (out.known.contains(id)) return {};
  WRIT_TRY(auto text, content.get(reader, row.tenant, row.data_subject, writ::ContentId(id)));
  if (text) out.known.emplace(id, std::move(*text));
  return {};
}

Status read_texts(sql::Reader& reader, const content::ContentStore& content, const RunRow& row,
                  std::vector<Event> events, Texts& out) {
  Status read;
  for (auto& event : events)
    for_each_content(event.data, [&](const ContentId& id) {
      if (read) read = read_text(reader, content, row, id, out);
    });
  return read;
}

Result<std::optional<Review>> find_review(sql::Reader& reader, const content::ContentStore& content,
                                          const TenantId& tenant, const ReviewId& id) {
  WRIT_TRY(
      const auto row,
      reader.row(
          "SELECT " + std::string(review_columns) +
              " FROM reviews v JOIN runs r ON r.tenant = v.tenant AND r.id = v.run WHERE v.tenant = ?1 AND v.id = ?2",
          tenant, id));
  if (!row) return std::nullopt;
  WRIT_TRY(auto review, review_of(reader, content, tenant, *row));
  return review;
}

Result<std::vector<Review>> list_reviews(sql::Reader& reader, const content::ContentStore& content,
                                         const TenantId& tenant, const std::optional<RunId>& run) {
  WRIT_TRY(const auto rows,
           reader.rows("SELECT " + std::string(review_columns) +
                           " FROM reviews v JOIN runs r ON r.tenant = v.tenant AND r.id = v.run "
                           "WHERE v.tenant = ?1 AND (?2 IS NULL OR v.run = ?2) ORDER BY v.created_at DESC LIMIT 100",
                       tenant, run));
  std::vector<Review> out;
  for (const auto& row : rows) {
    WRIT_TRY(auto review, review_of(reader, content, tenant, row));
    out.push_back(std::move(review));
  }
  return out;
}

Result<std::optional<json::value>> find_response(sql::Reader& reader, const TenantId& tenant,
                                                 const IdempotencyKey& key) {
  if (key.key.empty()) return std::nullopt;
  WRIT_TRY(
      const auto row,
      reader.row("SELECT request_hash, response FROM idempotency WHERE tenant = ?1 AND subject = ?2 AND operation = ?3 "
                 "AND key = ?4 AND created_at > ?5",
                 tenant, key.subject, key.operation, key.key, reader.now() - idempotency_life));
  if (!row) return std::nullopt;
  if (row->get<std::string_view>(0) != key.request_hash)
    return fail(conflict("idempotency_mismatch", "this Idempotency-Key was used with another request"));
  WRIT_TRY(auto response, parse_json(row->get<std::string_view>(1)));
  return response;
}

Status keep_response(sql::Transaction& tx, const TenantId& tenant, const IdempotencyKey& key,
                     const json::value& response) {
  if (key.key.empty()) return {};
  WRIT_CHECK(
      tx.run("INSERT OR REPLACE INTO idempotency (tenant, subject, operation, key, request_hash, response, created_at) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
             tenant, key.subject, key.operation, key.key, key.request_hash, to_text(response), tx.now()));
  return {};
}

}  // namespace tables
}  // namespace writ::orchestrator
