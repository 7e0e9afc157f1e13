// RunDriver: performs what the run machine wants, for one claimed run, until the run waits or has ended.
#pragma once

#include "governed/governed.h"
#include "identity/api/identity_port.h"
#include "observability/log.h"
#include "orchestrator/capsule.h"
#include "orchestrator/orchestrator_metrics.h"
#include "orchestrator/orchestrator_settings.h"
#include "orchestrator/orchestrator_store.h"
#include "orchestrator/prompt_window.h"
#include "orchestrator/run_clock.h"
#include "orchestrator/run_hub.h"
#include "orchestrator/step_failure.h"

namespace writ::orchestrator {

/// What every driver of a host uses; all of it outlives the drivers.
struct DriverDeps {
  OrchestratorStore& store;
  governed::Governed& governed;
  identity::IdentityPort& identity;
  const tools::Toolbox& tools;
  const CapsuleSet& capsules;
  const OrchestratorSettings& settings;
  RunHub& hub;
  OrchestratorProbe& probe;
  const observability::Logger& log;
  const Clock& clock;
  Random& random;
};

/// Thread: the loop that owns the run.
class RunDriver {
 public:
  /// `interrupt`: a person cancelled the run, or the host stops; then `stopping` is requested too.
  RunDriver(const DriverDeps& deps, Claim claim, std::stop_token interrupt, std::stop_token stopping);

  /// Ends well when the run waits, has ended, or the host stops. What is under way when it is interrupted is dropped.
  /// Errors: conflict (fenced), those of the store; the run can then be claimed or driven again.
  [[nodiscard]] Task<Status> drive();

 private:
  [[nodiscard]] Task<Status> perform(Command command);
  [[nodiscard]] Task<Status> decide_start(DecideStart command);
  [[nodiscard]] Task<Status> call_model(CallModel command);
  /// The prompt of the next model call, as much of the conversation as fits, and its tokens.
  struct Fitted {
    slm::Prompt prompt;
    slm::Count counted;
    LeftOut left_out;
  };
  [[nodiscard]] Task<Result<Fitted>> fit_prompt(Context ctx);
  [[nodiscard]] Task<Result<bool>> follow_stream(const CallModel& command, Stream<governed::ChatItem>& stream);
  [[nodiscard]] Task<Status> decide_tool(DecideTool command);
  [[nodiscard]] Task<Status> send_tool(Context ctx, std::int64_t step, governed::ToolCall call,
                                       governed::Decided allowed, bool once);
  /// Records what a tool gave, however long the store takes: the tool must not be called for it again.
  [[nodiscard]] Task<Status> keep_result(ToolReturned returned);
  [[nodiscard]] Task<Status> judge_result(JudgeResult command);
  [[nodiscard]] Task<Status> request_review(RequestReview command);
  /// What a failed step leads to; see step_failure.h.
  [[nodiscard]] Task<Status> fail_step(FailedStep failed, Error error);
  /// Why the run's capsule cannot be used, with the fix; nothing when it can.
  [[nodiscard]] std::optional<std::string> capsule_problem() const;
  /// Commits, takes in what others appended, tells watchers.
  [[nodiscard]] Task<Status> append(std::vector<Draft> drafts);

  /// The run's principal as it is now, within what the run was started with; and looks again who approved.
  /// Errors: those of identity; not_found (principal_gone).
  [[nodiscard]] Task<Result<Principal>> resolve_principal();
  /// Finds the approvers whose word counts no more. Errors: those of identity.
  [[nodiscard]] Task<Status> check_approvers();
  [[nodiscard]] Context own_context() const;
  /// For acting on behalf of the principal: until the run's deadline or an interruption.
  [[nodiscard]] Context acting_context(Principal principal);
  /// How often this run was taken up before: what is asked then is asked anew, not answered from before.
  [[nodiscard]] int asked() const { return static_cast<int>(claim_.fence) - 1; }
  [[nodiscard]] governed::Actor actor(std::int64_t step, std::int64_t attempt) const;
  [[nodiscard]] Result<governed::ToolCall> tool_call(std::int64_t step, std::int64_t attempt,
                                                     const CallRef& call) const;
  [[nodiscard]] std::string text_of(const ContentId& id) const;
  /// Ids in content fields become texts again.
  [[nodiscard]] Draft draft_of(EventData event) const;
  void count(const Event& event);

  const DriverDeps& deps_;
  const Claim claim_;
  const std::stop_token interrupt_, stopping_;
  const Trace trace_;
  const Capsule* capsule_ = nullptr;
  RunClock time_;
  RunState state_;
  Texts texts_;
  Earlier earlier_;
  std::vector<Subject> lapsed_;  // approvers who may not approve any more
  bool given_back_ = false;
};

}  // namespace writ::orchestrator
