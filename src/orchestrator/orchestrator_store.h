// OrchestratorStore: sessions, runs, events, reviews and what belongs into their transactions. Every write of events goes
// with the run's summary, its content and the audit outbox into one commit.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "content/content_store.h"
#include "orchestrator/event_content.h"
#include "orchestrator/lease_watch.h"
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
  bool timer = false;  // the run was parked and its time is over, whatever the clock says now
};
/// A question and answer of an earlier run of the session.
struct Exchange {
  std::string prompt, answer;
};
struct Earlier {
  std::vector<Exchange> exchanges;  // oldest first
  std::int64_t forgotten = 0;  // completed runs that are older than those
};
struct LoadedRun {
  RunState state;
  Texts texts;  // that the state names; what is missing was erased
  Earlier earlier;
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

  // ---- what hosts do; claims span tenants, times are the database's (docs/decisions/0023-run-time.md)
  /// Takes unowned runs that are due. A run that somebody has is never taken; disown() says that its host is gone.
  [[nodiscard]] Task<Result<std::vector<Claim>>> claim_due(Context ctx, std::string owner, Millis lease,
                                                           std::size_t limit);
  /// Gives back all runs of an owner that is gone: this host before it starts, or one whose lease nobody renews.
  [[nodiscard]] Task<Status> disown(Context ctx, std::string owner);
  /// How long until the next unowned run is due; not positive: it is.
  [[nodiscard]] Task<Result<std::optional<Millis>>> next_due(Context ctx);
  [[nodiscard]] Task<Status> renew_leases(Context ctx, std::string owner, Millis lease);
  /// What the owner has, as far as the store knows.
  [[nodiscard]] Task<Result<std::vector<Claim>>> owned(Context ctx, std::string owner);
  /// Gives claims back that nobody drives; those of another fence stay.
  [[nodiscard]] Task<Status> give_back(Context ctx, std::vector<Claim> claims);
  /// The newest lease of each other owner of unfinished runs.
  [[nodiscard]] Task<Result<std::vector<Lease>>> other_leases(Context ctx, std::string owner);
  /// The clock was set back: no run waits longer from now on than it was to wait in all.
  [[nodiscard]] Task<Status> bound_waits(Context ctx);
  /// Gives a run back that has nothing to do for `wait`. False when something happened after `last_seq`: look again.
  [[nodiscard]] Task<Result<bool>> release(Context ctx, Claim claim, std::int64_t last_seq, Millis wait);
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
