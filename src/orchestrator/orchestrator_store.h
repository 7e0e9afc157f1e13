// OrchestratorStore: sessions, runs, events, reviews and what belongs into their transactions. Every write of events goes
// with the run's summary, its content and the audit outbox into one commit.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "content/content_store.h"
#include "orchestrator/event_content.h"
#include "orchestrator/run_machine.h"
#include "sql/database.h"

namespace writ::orchestrator {

[[nodiscard]] sql::Migrations orchestrator_migrations();

/// Content by id. What is not there was erased.
struct Texts {
  std::map<ContentId, std::string> known;
  [[nodiscard]] const std::string* find(const ContentId& id) const {
    const auto found = known.find(id);
    return found == known.end() ? nullptr : &found->second;
  }
};

/// The client's Idempotency-Key of one operation; an empty key means that the client gave none.
struct IdempotencyKey {
  Subject subject;
  std::string operation, key;
  std::string request_hash;  // the same key with another request is a conflict
};

struct NewSession {
  SessionId id;
  std::string capsule;  // name@version
  std::string model;  // of all its runs
  schema::TextMap metadata;
};
struct NewRun {
  RunId id;
  RunStarted started;  // a draft: `prompt` holds the text
};
struct SessionRow {
  SessionId id;
  Subject subject;  // whose it is; also the data subject of its content
  std::string capsule, model;
  schema::TextMap metadata;
  WallTime created_at;
  std::vector<RunId> runs;  // oldest first
};

/// What a host holds while it drives a run. A claim with an older fence cannot write any more.
struct Claim {
  TenantId tenant;
  RunId run_id;
  std::int64_t fence = 0;
};
/// A question and answer of an earlier run of the session.
struct Exchange {
  std::string prompt, answer;
};
struct LoadedRun {
  RunState state;
  Texts texts;  // that the state names; what is missing was erased
  std::vector<Exchange> earlier;  // oldest first
};
/// Events that were added, by this write or by others since `state`, and the state after them.
struct Appended {
  RunState state;
  std::vector<Event> events;
  Texts texts;
  bool given_back = false;  // the run waits or has ended: this host has it no more
};
/// A stored event with texts in its content fields.
struct ResolvedEvent {
  Event event;
  bool erased = false;
};

class OrchestratorStore {
 public:
  OrchestratorStore(sql::Database& database, content::ContentStore content)
      : database_(database), content_(std::move(content)) {}

  /// Whether the content key fits. Errors: conflict (content_key_wrong), those of sql.
  [[nodiscard]] Task<Status> check(Context ctx);

  // ---- what clients ask for; every method is of one tenant
  [[nodiscard]] Task<Result<Started>> create_session(Context ctx, TenantId tenant, IdempotencyKey key,
                                                     NewSession session, NewRun run);
  /// Errors: not_found (no_session), conflict (run_active).
  [[nodiscard]] Task<Result<Started>> create_run(Context ctx, TenantId tenant, IdempotencyKey key, SessionId session,
                                                 NewRun run);
  [[nodiscard]] Task<Result<std::optional<SessionRow>>> find_session(Context ctx, TenantId tenant, SessionId id);
  [[nodiscard]] Task<Result<std::optional<Run>>> find_run(Context ctx, TenantId tenant, RunId id);
  /// After a seq, at most `limit`, oldest first.
  [[nodiscard]] Task<Result<std::vector<ResolvedEvent>>> events_after(Context ctx, TenantId tenant, RunId run,
                                                                      std::int64_t after, std::int64_t limit);
  [[nodiscard]] Task<Result<std::optional<Review>>> find_review(Context ctx, TenantId tenant, ReviewId id);
  /// Newest first, at most 100.
  [[nodiscard]] Task<Result<std::vector<Review>>> list_reviews(Context ctx, TenantId tenant, std::optional<RunId> run);
  /// A person's event (cancel_requested, review_answered) under whatever fence is current; a parked run becomes due.
  /// Adds nothing when the run has ended. Errors: not_found (no_run).
  [[nodiscard]] Task<Result<Appended>> append_by_person(Context ctx, TenantId tenant, RunId run, Draft draft,
                                                        WallTime at);
  /// The same for an answer, once: review and answer as stored. Errors: not_found (no_review), conflict (review_answered).
  struct Answered {
    Review review;
    Appended appended;
  };
  [[nodiscard]] Task<Result<Answered>> answer_review(Context ctx, TenantId tenant, IdempotencyKey key,
                                                     ReviewAnswered draft, WallTime at);

  // ---- what hosts do; claims span tenants
  /// Takes runs that are due: unowned, or with a lease that is over.
  [[nodiscard]] Task<Result<std::vector<Claim>>> claim_due(Context ctx, std::string owner, WallTime now, Millis lease,
                                                           std::size_t limit);
  /// Gives back all runs of an owner that has just started: whoever had them under its name is gone.
  [[nodiscard]] Task<Status> disown(Context ctx, std::string owner);
  /// When the next unowned run is due.
  [[nodiscard]] Task<Result<std::optional<WallTime>>> next_due(Context ctx);
  [[nodiscard]] Task<Status> renew_leases(Context ctx, std::string owner, WallTime until);
  /// Gives a run back that has nothing to do before `due`. False when something happened after `last_seq`: look again.
  [[nodiscard]] Task<Result<bool>> release(Context ctx, Claim claim, std::int64_t last_seq, WallTime due);
  [[nodiscard]] Task<Result<LoadedRun>> load(Context ctx, Claim claim);
  /// Appends after whatever others appended since `state`, which is taken in first; no drafts: only takes in. A run that
  /// then waits or has ended is given back. Errors: conflict (fenced: another host has the run).
  [[nodiscard]] Task<Result<Appended>> append(Context ctx, Claim claim, RunState state, std::vector<Draft> drafts,
                                              WallTime at);

  // ---- housekeeping
  /// Forgets idempotency keys older than a day.
  [[nodiscard]] Task<Status> forget_old_keys(Context ctx);
  /// Runs that have not ended, by status.
  [[nodiscard]] Task<Result<std::map<RunStatus, std::int64_t>>> unfinished(Context ctx);

 private:
  sql::Database& database_;
  const content::ContentStore content_;
};

}  // namespace writ::orchestrator
