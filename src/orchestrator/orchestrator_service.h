// OrchestratorService: the rules of sessions, runs and reviews for those who ask; the engine does the rest.
#pragma once

#include "identity/api/identity_port.h"
#include "orchestrator/api/orchestrator_port.h"
#include "orchestrator/capsule.h"
#include "orchestrator/embedded_engine.h"
#include "orchestrator/orchestrator_store.h"

namespace writ::orchestrator {

class OrchestratorService final : public OrchestratorPort {
 public:
  struct Deps {
    OrchestratorStore& store;
    EmbeddedEngine& engine;
    RunHub& hub;
    identity::IdentityPort& identity;
    const CapsuleSet& capsules;
    const tools::Toolbox& tools;
    OrchestratorProbe& probe;
    const Clock& clock;
    Random& random;
  };
  explicit OrchestratorService(Deps deps) : deps_(deps) {}

  Task<Result<Started>> start(Context ctx, StartSession in) override;
  Task<Result<Started>> post(Context ctx, PostMessage in) override;
  Task<Result<Session>> session(Context ctx, SessionRef in) override;
  Task<Result<Run>> run(Context ctx, RunRef in) override;
  Task<Result<StreamPtr<RunEvent>>> watch(Context ctx, WatchRun in) override;
  Task<Result<Run>> cancel(Context ctx, RunRef in) override;
  Task<Result<Review>> answer(Context ctx, AnswerReview in) override;
  Task<Result<ReviewPage>> reviews(Context ctx, ListReviews in) override;

 private:
  [[nodiscard]] Result<NewRun> new_run(const Context& ctx, const Capsule& capsule, SessionId session, std::string model,
                                       std::string prompt, std::optional<json::value> tool_choice) const;
  /// The run, if the principal may read it: its own, or any with runs:read_all. Errors: not_found (no_run).
  [[nodiscard]] Task<Result<Run>> readable_run(Context ctx, RunId id);
  /// Whether the principal may answer as a second pair of eyes. Errors: forbidden (own_request, not_independent,
  /// missing_scope, approver_gone), those of identity.
  [[nodiscard]] Task<Status> check_approver(Context ctx, const Review& review);
  /// The event of an answer, after all rules. Errors: as answer().
  [[nodiscard]] Result<ReviewAnswered> answered(const Context& ctx, const Review& review, const AnswerReview& in) const;
  /// Tells watchers and the engine what a person did.
  void tell(const RunId& run, const Appended& appended);

  Deps deps_;
};

}  // namespace writ::orchestrator
