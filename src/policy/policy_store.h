// SQL of decisions and of what was released; with audit_store and budget_store the only files of policy that know SQL.
// Everything that belongs to one answer is written in one transaction.
#pragma once

#include <functional>

#include "policy/audit_store.h"
#include "policy/budget_store.h"
#include "policy/checkpoint_seal.h"
#include "policy/judgement.h"
#include "policy/release_store.h"

namespace writ::policy {

[[nodiscard]] sql::Migrations policy_migrations();

/// A judged question on its way into the record.
struct Recording {
  TenantId tenant;
  Subject subject;
  EvaluateRequest question;
  std::string body_hash;    // of principal and question: the same request_id with another one is a conflict
  Judgement judgement;
  std::string policy_version;
  DecisionId decision_id;
  std::vector<BudgetRule> budgets;
  Millis reservation_life;
  bool new_holder = false;           // this life of the process that asks was not seen before: earlier ones are over
  std::string trace_id = {};         // of the request, "" if none
  WallTime grant_expires_at = {};    // of the grant, where one is made
  Credential credential = {};        // what the principal came with
  /// Makes the grant of an allowed decision once its reservation is known. Errors: internal.
  std::function<Result<std::string>(const Decision&)> grant;
};
/// Checkpoints whose lines outside are not known to be on disk.
struct UnwrittenLines {
  std::int64_t written = 0;              // lines up to this number are
  std::optional<StoredCheckpoint> last;  // the row of line `written`
  std::vector<StoredCheckpoint> rows;
};
inline constexpr std::int64_t lines_max = 100;  // of one repair

class PolicyStore {
 public:
  explicit PolicyStore(sql::Database& database) : database_(database) {}
  [[nodiscard]] sql::Database& database() { return database_; }

  /// The stored answer of a question that was asked before. Errors: conflict (request_reused).
  [[nodiscard]] Task<Result<std::optional<Decision>>> answered(Context ctx, TenantId tenant, std::string request_id,
                                                               std::string body_hash);
  /// What these decisions on the subject's own action asked to be reviewed; only those recorded as reviews.
  /// `decisions`: at most 64.
  [[nodiscard]] Task<Result<AskedReviews>> asked_reviews(Context ctx, TenantId tenant, Subject subject, Action action,
                                                         std::vector<std::string> decisions);
  /// Decision, reservation and audit record in one commit, together with what the call replaces; answers only after it.
  /// Errors: quota_exceeded (budget_spent, budget_reserved, token_limit), conflict (request_reused).
  [[nodiscard]] Task<Result<Decision>> record(Context ctx, Recording recording);
  [[nodiscard]] Task<Status> release(Context ctx, Released released);
  /// Where the scan of an allowed model call's output stood when it was last committed. Errors: not_found (no_decision):
  /// there is no such call, or it is settled.
  [[nodiscard]] Task<Result<OutputPlace>> place_of(Context ctx, TenantId tenant, DecisionId decision);
  /// Errors: not_found (no_decision), conflict (request_reused).
  [[nodiscard]] Task<Result<Settled>> settle(Context ctx, TenantId tenant, SettleRequest request,
                                             std::vector<BudgetRule> budgets);
  /// The output's decision, the settlement and the released bound in one commit.
  [[nodiscard]] Task<Result<Finished>> finish(Context ctx, Recording output, SettleRequest request,
                                              std::optional<Released> released);
  [[nodiscard]] Task<Result<Appended>> append(Context ctx, AppendAudit fact);
  [[nodiscard]] Task<Result<AuditPage>> audit_page(Context ctx, TenantId tenant, ListAudit query);
  /// One short read of any kind; what `work` uses must outlive it.
  [[nodiscard]] Task<Status> look(Context ctx, std::function<Status(sql::Reader&)> work);
  [[nodiscard]] Task<Result<Budget>> budget(Context ctx, TenantId tenant, std::vector<BudgetRule> budgets);
  /// Signs and seals all heads when they have changed since the last one. Errors: conflict (audit_rewritten).
  [[nodiscard]] Task<Result<std::optional<StoredCheckpoint>>> checkpoint(Context ctx, crypto::SigningKey key,
                                                                         CheckpointSeal seal);
  [[nodiscard]] Task<Result<UnwrittenLines>> unwritten(Context ctx);
  /// Lines up to this number are on disk.
  [[nodiscard]] Task<Status> written(Context ctx, std::int64_t number);
  [[nodiscard]] Task<Result<std::int64_t>> expire(Context ctx);
  [[nodiscard]] Task<Status> prune(Context ctx);
  [[nodiscard]] Task<Result<std::optional<std::string>>> sealed_ring(Context ctx);
  /// A new ring with the seal of an audit that begins. Errors: invalid (key_ring_missing) when there are records.
  [[nodiscard]] Task<Status> put_sealed_ring(Context ctx, std::string sealed, Seal seal);
  /// A write that proves the audit can be committed to.
  [[nodiscard]] Task<Status> check(Context ctx);

 private:
  sql::Database& database_;
};

}  // namespace writ::policy
