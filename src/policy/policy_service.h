// PolicyService: the rules of deciding. Every answer is committed before it is given.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "async/blocking_pool.h"
#include "core/fail_point.h"
#include "crypto/key_ring.h"
#include "policy/api/policy_port.h"
#include "policy/audit_check.h"
#include "policy/audit_reads.h"
#include "policy/constitutions.h"
#include "policy/inspections.h"
#include "policy/policy_metrics.h"
#include "policy/policy_settings.h"
#include "policy/policy_store.h"

namespace writ::policy {

/// Where policy keeps files beside its database.
struct PolicyFiles {
  std::filesystem::path constitution;
  std::filesystem::path signers;      // JWKS
  std::filesystem::path checkpoints;  // one JSON line each, outside the database
};

class PolicyService final : public PolicyPort {
 public:
  /// `holds`: whether a principal can be trusted now and nothing that it came with was revoked; its error refuses every
  /// question, also in the midst of an answer.
  PolicyService(PolicyStore& store, PolicySettings settings, PolicyFiles files, Secret key_secret,
                std::function<Status(const Principal&)> holds, PolicyProbe& probe, const Clock& clock, Random& random);

  /// Opens the key ring and loads the constitution.
  /// Errors: invalid (key_ring_undecryptable, bad_constitution, bad_policies, …): the start must stop.
  [[nodiscard]] Task<Status> start(Context ctx);
  /// Looks at the constitution file and at those that wait. Errors: those of Constitutions::refresh(). From one task.
  [[nodiscard]] Task<Status> look_at_constitution(Context ctx) { return constitutions_.refresh(std::move(ctx)); }
  /// What became of constitutions since it was asked last; the metrics are told.
  [[nodiscard]] std::vector<ConstitutionEvent> constitution_events();
  /// Of readiness.
  [[nodiscard]] json::object constitution_detail() const { return constitutions_.detail(); }
  /// Signs the heads of the audit chains when they have changed, and writes the checkpoint outside the database.
  /// First it writes the lines that a crash or a full disk left out. Errors: conflict (audit_rewritten), unavailable.
  [[nodiscard]] Task<Result<CheckpointFile::Appended>> checkpoint(Context ctx);
  /// Expires reservations, and forgets outputs that are over. Gives how many reservations.
  [[nodiscard]] Task<Result<std::int64_t>> sweep(Context ctx);
  /// Forgets rows that have no use any more, a bounded part of them.
  [[nodiscard]] Task<Status> prune(Context ctx) { return store_.prune(std::move(ctx)); }
  /// Whether decisions can be committed now.
  [[nodiscard]] Task<Status> check_audit(Context ctx) { return store_.check(std::move(ctx)); }
  /// Errors: unavailable (constitution_expired, no_constitution).
  [[nodiscard]] Status check_constitution() const;

  Task<Result<Decision>> evaluate(Context ctx, EvaluateRequest in) override;
  Task<Result<Inspection>> inspect(Context ctx, InspectRequest in) override;
  Task<Result<Settled>> settle(Context ctx, SettleRequest in) override;
  Task<Result<Finished>> finish(Context ctx, FinishRequest in) override;
  Task<Result<Appended>> append_audit(Context ctx, AppendAudit in) override;
  Task<Result<AuditPage>> list_audit(Context ctx, ListAudit in) override;
  Task<Result<AuditReport>> verify_audit(Context ctx, VerifyAudit in) override;
  Task<Result<StreamPtr<AuditReport>>> watch_audit_verification(Context ctx, VerifyAudit in) override;
  Task<Result<StreamPtr<ExportLine>>> export_audit(Context ctx, ExportAudit in) override;
  Task<Result<AuditHead>> audit_head(Context ctx, http::Nothing in) override;
  Task<Result<Budget>> budget(Context ctx, http::Nothing in) override;
  Task<Result<ConstitutionInfo>> constitution(Context ctx, http::Nothing in) override;
  Task<Result<KeySetDocument>> keys(Context ctx, http::Nothing in) override;

  /// Policy's current public keys, for grant verifiers in the same process.
  [[nodiscard]] std::shared_ptr<const crypto::KeySet> public_keys() const;

 private:
  [[nodiscard]] Result<std::shared_ptr<const ActiveConstitution>> active() const { return constitutions_.active(); }
  [[nodiscard]] Task<Status> open_ring(Context ctx);
  /// The open key ring; none before a start has opened it, when nothing is appended or signed.
  [[nodiscard]] std::shared_ptr<const crypto::KeyRing> ring() const;
  /// The constitution in force, however old; active() asks for one that may decide.
  [[nodiscard]] std::shared_ptr<const ActiveConstitution> in_force() const { return constitutions_.in_force(); }
  [[nodiscard]] Result<Recording> judged(const Context& ctx, const ActiveConstitution& active, EvaluateRequest question,
                                         const AskedReviews& asked = {});
  /// What the question's approvals were asked for. Errors: invalid (too_many_approvals), those of the store.
  [[nodiscard]] Task<Result<AskedReviews>> asked_reviews(Context ctx, const EvaluateRequest& question);
  [[nodiscard]] Result<std::string> grant_for(const Principal& principal, const EvaluateRequest& question,
                                              const Decision& decision, WallTime expires_at) const;
  [[nodiscard]] Task<Result<CheckpointFile::Appended>> write_lines(Context ctx);
  /// Whose records the caller may see. Errors: forbidden (missing_scope).
  [[nodiscard]] static Result<std::optional<TenantId>> visible(const Context& ctx,
                                                               const std::optional<TenantId>& wanted);
  /// Records that somebody read the audit or took it out.
  [[nodiscard]] Task<Status> record_read(Context ctx, std::string_view kind, json::object what);
  [[nodiscard]] Task<Result<Inspections::Seen>> seen_of(Context ctx, const InspectRequest& in);
  /// Of the constitution that was in force last, however old it is.
  [[nodiscard]] std::vector<BudgetRule> latest_budgets() const;
  [[nodiscard]] bool is_new(const Holder& holder) const;
  void has_seen(const std::optional<Holder>& holder);
  /// The refusal for want of tokens, recorded as a deny; then the error.
  [[nodiscard]] Task<Result<Decision>> refuse_spent(Context ctx, Recording recording, Error spent);

  PolicyStore& store_;
  const PolicySettings settings_;
  const PolicyFiles files_paths_;
  const Secret key_secret_;
  const std::function<Status(const Principal&)> holds_;
  PolicyProbe& probe_;
  const Clock& clock_;
  Random& random_;
  const CheckpointSeal seal_;
  Constitutions constitutions_;
  Inspections inspections_;
  AuditReads audit_reads_;
  const std::shared_ptr<std::atomic<int>> verifications_ = std::make_shared<std::atomic<int>>(0);  // held by each
  async::BlockingPool lines_{"policy_lines", 1, 8};  // the lines outside have one writer, who may wait for the disk
  async::BlockingPool pool_{"policy_files", 2, 64};  // files, and what takes long: never on a loop
  static constexpr std::size_t holders_max = 1'000;  // processes that ask, each some 100 bytes
  mutable std::mutex mutex_;
  std::map<std::string, std::string> lives_;  // of holders, by name: the last one that was recorded
  std::shared_ptr<const crypto::KeyRing> ring_;
  std::shared_ptr<const crypto::KeySet> public_keys_;
};

}  // namespace writ::policy
