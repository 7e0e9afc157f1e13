// Scripted neighbours for this room's unit tests: policy that decides as told, a model that says what it is told.
#pragma once

#include <deque>

#include "async/loops.h"
#include "gateway/direct_call.h"
#include "gateway/openai_chat.h"
#include "identity/api/identity_port.h"
#include "orchestrator/api/orchestrator_port.h"

namespace writ::gateway {

inline policy::Decision decision_of(policy::Verdict verdict, std::string id, std::string reason) {
  policy::Decision out;
  out.decision = verdict;
  out.decision_id = DecisionId(std::move(id));
  out.reasons = {{.rule = "test", .message = std::move(reason)}};
  out.policy_version = "1@abc";
  if (verdict == policy::Verdict::allow) out.grant = "grant";
  return out;
}

class FakePolicy final : public policy::PolicyPort {
 public:
  policy::Decision call = decision_of(policy::Verdict::allow, "dec_call", "fine");
  policy::Decision output = decision_of(policy::Verdict::allow, "dec_output", "fine");
  std::optional<Error> evaluate_error, constitution_error;
  std::optional<std::vector<policy::RateRule>> rates;
  std::int64_t release_max = 1 << 20;  // bytes that ever leave
  std::vector<policy::EvaluateRequest> asked;
  int settled = 0, finished = 0;

  Task<Result<policy::Decision>> evaluate(Context, policy::EvaluateRequest in) override {
    if (evaluate_error) co_return fail(*evaluate_error);
    asked.push_back(in);
    co_return in.action == policy::Action::model_call ? call : output;
  }
  Task<Result<policy::Inspection>> inspect(Context, policy::InspectRequest in) override {
    const auto end = in.offset + static_cast<std::int64_t>(in.text.size());
    co_return policy::Inspection{.release_upto = std::min(end, release_max), .facts = {}};
  }
  Task<Result<policy::Settled>> settle(Context, policy::SettleRequest in) override {
    ++settled;
    co_return policy::Settled{.settled = in.actual, .tokens_left = {}, .overrun = {}};
  }
  Task<Result<policy::Finished>> finish(Context, policy::FinishRequest in) override {
    ++finished;
    co_return policy::Finished{.decision = output,
                               .settled = {.settled = in.settle.actual, .tokens_left = {}, .overrun = {}}};
  }
  Task<Result<policy::Appended>> append_audit(Context, policy::AppendAudit) override {
    co_return fail(internal("not scripted"));
  }
  Task<Result<policy::AuditPage>> list_audit(Context, policy::ListAudit in) override {
    co_return policy::AuditPage{.records = {}, .next = in.after};
  }
  Task<Result<StreamPtr<policy::AuditReport>>> watch_audit_verification(Context, policy::VerifyAudit) override {
    co_return fail(internal("unused"));
  }
  Task<Result<StreamPtr<policy::ExportLine>>> export_audit(Context, policy::ExportAudit) override {
    co_return fail(internal("unused"));
  }
  Task<Result<policy::AuditHead>> audit_head(Context, http::Nothing) override { co_return policy::AuditHead{}; }
  Task<Result<policy::AuditReport>> verify_audit(Context, policy::VerifyAudit) override {
    co_return policy::AuditReport{.ok = true};
  }
  Task<Result<policy::Budget>> budget(Context, http::Nothing) override { co_return policy::Budget{.limit = Tokens{7}}; }
  Task<Result<policy::ConstitutionInfo>> constitution(Context, http::Nothing) override {
    if (constitution_error) co_return fail(*constitution_error);
    co_return policy::ConstitutionInfo{.version = 1, .rates = rates};
  }
  Task<Result<policy::KeySetDocument>> keys(Context, http::Nothing) override { co_return policy::KeySetDocument{}; }
};

class FakeSlm final : public slm::SlmPort {
 public:
  std::deque<slm::ChatEvent> script;
  std::optional<Error> breaks_with;  // after the script
  std::optional<Error> chat_error;
  std::vector<slm::ChatRequest> asked;

  void say(std::vector<std::string> texts, slm::FinishReason finish = slm::FinishReason::stop) {
    for (auto& text : texts) script.push_back({.text = std::move(text)});
    script.push_back({.finish = finish, .usage = slm::Usage{.prompt = Tokens{10}, .completion = Tokens{3}}});
  }
  Task<Result<StreamPtr<slm::ChatEvent>>> chat(Context, slm::ChatRequest in) override {
    asked.push_back(std::move(in));
    if (chat_error) co_return fail(*chat_error);
    co_return std::make_unique<Script>(std::move(script), breaks_with);
  }
  Task<Result<slm::Count>> count(Context, slm::Prompt in) override {
    if (in.model != "tiny") co_return fail(not_found("no_model", "there is no model " + in.model));
    co_return slm::Count{.prompt = Tokens{10}, .context = Tokens{2048}};
  }
  Task<Result<slm::ModelList>> models(Context, http::Nothing) override {
    co_return slm::ModelList{
        .models = {{.id = "tiny", .is_default = true, .context = Tokens{2048}, .licence = "Apache-2.0"}}};
  }

 private:
  class Script final : public Stream<slm::ChatEvent> {
   public:
    Script(std::deque<slm::ChatEvent> events, std::optional<Error> error)
        : events_(std::move(events)), error_(std::move(error)) {}
    Task<Result<std::optional<slm::ChatEvent>>> next() override {
      if (events_.empty() && error_) co_return fail(*error_);
      if (events_.empty()) co_return std::optional<slm::ChatEvent>();
      auto event = std::move(events_.front());
      events_.pop_front();
      co_return std::optional(std::move(event));
    }

   private:
    std::deque<slm::ChatEvent> events_;
    std::optional<Error> error_;
  };
};

class FakeIdentity final : public identity::IdentityPort {
 public:
  std::optional<Error> token_error;
  std::vector<identity::TokenRequest> asked;

  Task<Result<identity::TokenResponse>> token(Context, identity::TokenRequest in) override {
    asked.push_back(std::move(in));
    if (token_error) co_return fail(*token_error);
    co_return identity::TokenResponse{.access_token = "jwt", .expires_in = 300, .scope = "a b"};
  }
  Task<Result<identity::TokenResponse>> issue(Context, identity::IssueRequest) override {
    co_return fail(internal("not scripted"));
  }
  Task<Result<identity::Verification>> verify(Context, identity::VerifyRequest) override {
    co_return identity::Verification{};
  }
  Task<Result<identity::Verification>> exchange(Context, identity::ExchangeRequest) override {
    co_return identity::Verification{};
  }
  Task<Result<identity::Revoked>> revoke(Context, identity::RevokeRequest) override { co_return identity::Revoked{}; }
  Task<Result<identity::CreatedKey>> create_key(Context, identity::CreateKey) override {
    co_return fail(internal("not scripted"));
  }
  Task<Result<identity::Resolution>> resolve(Context, identity::ResolveRequest) override {
    co_return fail(internal("not scripted"));
  }
  Task<Result<identity::PrincipalInfo>> set_scopes(Context, identity::SetScopes) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::Revoked>> narrow_key(Context, identity::NarrowKey) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::Revoked>> remove(Context, identity::PrincipalRef) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::ApproverCheck>> check_approver(Context, identity::ApproverRequest) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::RevocationPage>> revocations(Context, identity::ListRevocations) override {
    co_return identity::RevocationPage{};
  }
  Task<Result<identity::Jwks>> jwks(Context, http::Nothing) override { co_return identity::Jwks{}; }
};

/// Remembers the last call of each kind.
class FakeOrchestrator final : public orchestrator::OrchestratorPort {
 public:
  std::string idempotency_key;
  std::optional<orchestrator::AnswerReview> answered;

  Task<Result<orchestrator::Started>> start(Context ctx, orchestrator::StartSession) override {
    idempotency_key = ctx.idempotency_key;
    co_return orchestrator::Started{.session_id = SessionId("ses_1"), .run_id = RunId("run_1")};
  }
  Task<Result<orchestrator::Started>> post(Context, orchestrator::PostMessage) override {
    co_return orchestrator::Started{};
  }
  Task<Result<orchestrator::Session>> session(Context, orchestrator::SessionRef) override {
    co_return orchestrator::Session{};
  }
  Task<Result<orchestrator::Run>> run(Context, orchestrator::RunRef in) override {
    co_return orchestrator::Run{.run_id = std::move(in.run_id)};
  }
  Task<Result<StreamPtr<orchestrator::RunEvent>>> watch(Context, orchestrator::WatchRun) override {
    co_return fail(not_found("no_run", "no"));
  }
  Task<Result<orchestrator::Run>> cancel(Context, orchestrator::RunRef) override { co_return orchestrator::Run{}; }
  Task<Result<orchestrator::Review>> answer(Context, orchestrator::AnswerReview in) override {
    answered = std::move(in);
    co_return orchestrator::Review{};
  }
  Task<Result<orchestrator::ReviewPage>> reviews(Context, orchestrator::ListReviews) override {
    co_return orchestrator::ReviewPage{};
  }
};

/// The model's side of the gateway, with the real Governed between the fakes.
struct Bench {
  async::Loops loops{1};
  FakePolicy policy;
  FakeSlm slm;
  tools::Toolbox toolbox;
  async::TaskGroup tasks{"test", 8};
  governed::Governed governed{policy, slm, toolbox, tasks};
  observability::Registry registry{"gateway", "0.0.0", "test"};
  GatewayProbe probe{registry};
  DirectCalls calls{governed, probe, system_clock(), system_random()};
  openai::OpenAiDoor door{calls, slm, probe, system_clock(), 64};
  ~Bench() { (void)loops.run(tasks.stop(Seconds{5})); }
};

/// A POST with one content type and perhaps credentials; keeps what the head refers to.
struct Posted {
  std::vector<http::HeaderView> headers;
  http::RequestHead head;
  std::string body;
  Posted(std::string_view content_type, std::string text, std::string_view authorization = {},
         std::string_view target = "/")
      : headers{{"Content-Type", content_type}}, body(std::move(text)) {
    if (!authorization.empty()) headers.push_back({"Authorization", authorization});
    head = {.method = "POST", .target = target, .peer = "test", .headers = headers};
  }
  [[nodiscard]] http::RawRequest request() const { return {.head = head, .params = {}, .body = body}; }
};

}  // namespace writ::gateway
