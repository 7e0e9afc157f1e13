// Small scripted ports and tools around an orchestrator under test; they outlive its crashes, as real neighbours do.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "async/loops.h"
#include "orchestrator/orchestrator_service.h"
#include "policy/api/grant.h"
#include "policy/api/refusing_policy_port.h"
#include "slm/api/slm_port.h"

namespace writ::orchestrator {

/// A clock that tests move. steady() is the real one: timers run on it.
class MovedClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return system_clock().now() + Millis{offset_.load()}; }
  [[nodiscard]] SteadyTime steady() const override { return system_clock().steady(); }
  void advance(Millis by) { offset_ += by.count(); }

 private:
  std::atomic<std::int64_t> offset_{0};
};

/// Knows dev, boss and outsider; what they may do is in `scopes`.
class FakeIdentity final : public identity::IdentityPort {
 public:
  Task<Result<identity::Resolution>> resolve(Context ctx, identity::ResolveRequest in) override {
    ++resolved;
    {
      const std::lock_guard lock(mutex_);
      asked.push_back(in);
    }
    if (revoked) co_return fail(not_found("no_principal", "gone"));
    identity::Resolution out;
    EXPECT_TRUE(ctx.tenant().empty());  // asked as a service
    out.principal = {.tenant = in.tenant, .subject = in.subject, .kind = PrincipalKind::user, .scopes = {}};
    co_return out;
  }
  Task<Result<identity::TokenResponse>> token(Context, identity::TokenRequest) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::TokenResponse>> issue(Context, identity::IssueRequest) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::Verification>> verify(Context, identity::VerifyRequest) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::Verification>> exchange(Context, identity::ExchangeRequest) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::Revoked>> revoke(Context, identity::RevokeRequest) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::CreatedKey>> create_key(Context, identity::CreateKey) override {
    co_return fail(internal("unused"));
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
  Task<Result<identity::ApproverCheck>> check_approver(Context, identity::ApproverRequest in) override {
    const std::lock_guard lock(mutex_);
    asked_approvers.push_back(in.approver.subject);
    if (in.approver.subject == in.requester.subject)
      co_return identity::ApproverCheck{.code = "own_request", .message = "own"};
    const bool used = !in.approver.credential;  // asked again when the approval is used
    if (used && lapsed.contains(in.approver.subject))
      co_return identity::ApproverCheck{.code = "approver_gone", .message = "gone"};
    const auto found = approver_codes.find(in.approver.subject);
    co_return identity::ApproverCheck{.code = found == approver_codes.end() ? "" : found->second, .message = "no"};
  }
  Task<Result<identity::RevocationPage>> revocations(Context, identity::ListRevocations) override {
    co_return fail(internal("unused"));
  }
  Task<Result<identity::Jwks>> jwks(Context, http::Nothing) override { co_return fail(internal("unused")); }
  std::atomic<int> resolved{0};
  std::atomic<bool> revoked{false};
  std::map<Subject, std::string> approver_codes;  // who may not approve, and why
  std::set<Subject> lapsed;  // who could when asked, and cannot when the approval is used
  std::vector<Subject> asked_approvers;
  std::vector<identity::ResolveRequest> asked;

 private:
  std::mutex mutex_;
};

/// Allows everything but what `verdicts` says of a tool; a review becomes allow with an approval of the same arguments.
/// Answers a question the same way twice, as the real one does, and outlives crashes of the orchestrator.
class FakePolicy final : public policy::RefusingPolicyPort {
 public:
  Task<Result<policy::Decision>> evaluate(Context ctx, policy::EvaluateRequest in) override {
    EXPECT_FALSE(ctx.tenant().empty());  // on behalf of the run's principal
    const std::lock_guard lock(mutex_);
    if (down) co_return fail(unavailable("policy_down", "policy is down"));
    if (in.action == policy::Action::tool_result && results_down > 0) {
      --results_down;
      co_return fail(unavailable("policy_down", "policy is down"));
    }
    const auto [stored, is_new] =
        answers_.try_emplace(in.request_id, in.action, canonical_json(schema::encode(in)), policy::Decision{});
    auto& [action, body, answer] = stored->second;
    if (!is_new && body != canonical_json(schema::encode(in)))
      co_return fail(conflict("request_reused", in.request_id));
    if (!is_new) co_return answer;
    answer.decision = policy::Verdict::allow;
    if (const auto found = verdicts.find(in.resource.id);
        found != verdicts.end() && in.action != policy::Action::tool_result)
      answer.decision = found->second;
    if (in.action == policy::Action::tool_result && withholds) answer.decision = policy::Verdict::deny;
    if (in.action == policy::Action::model_output && in.content && in.content->contains("forbidden words"))
      answer.decision = policy::Verdict::deny;
    if (answer.decision == policy::Verdict::review && approved(in)) answer.decision = policy::Verdict::allow;
    answer.decision_id = DecisionId("dec_" + std::to_string(answers_.size()));
    answer.reasons = {{"test-rule", "the test says so"}};
    answer.policy_version = "1@test";
    answer.tokens_left = Tokens{1000};
    if (answer.decision == policy::Verdict::allow) answer.grant = "grant";
    if (answer.decision == policy::Verdict::review) answer.review_scope = "reviews:decide";
    co_return answer;
  }
  Task<Result<policy::Inspection>> inspect(Context, policy::InspectRequest in) override {
    co_return policy::Inspection{.release_upto = in.offset + static_cast<std::int64_t>(in.text.size()), .facts = {}};
  }
  Task<Result<policy::Settled>> settle(Context, policy::SettleRequest in) override {
    co_return policy::Settled{.settled = in.actual};
  }
  Task<Result<policy::Finished>> finish(Context ctx, policy::FinishRequest in) override {
    WRIT_CO_TRY(auto decision, co_await evaluate(std::move(ctx), std::move(in.output)));
    co_return policy::Finished{.decision = std::move(decision),
                               .settled = {.settled = in.settle.actual, .tokens_left = Tokens{900}}};
  }
  Task<Result<policy::Appended>> append_audit(Context, policy::AppendAudit in) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(in.tenant.empty());
    audit.emplace(in.id, in.data);
    audited_.notify_all();
    co_return policy::Appended{.seq = static_cast<std::int64_t>(audit.size())};
  }

  void wait_for_audit(const std::string& id) {
    std::unique_lock lock(mutex_);
    audited_.wait(lock, [&] { return audit.contains(id); });
  }
  std::map<std::string, policy::Verdict> verdicts;  // by tool, capsule or model
  std::atomic<bool> down{false};
  std::atomic<int> results_down{0};  // so many questions about results are not answered
  std::atomic<bool> withholds{false};  // the results of tools
  std::map<std::string, json::object> audit;

 private:
  static bool approved(const policy::EvaluateRequest& in) {
    const auto* approvals = in.context.if_contains("approvals");
    if (approvals == nullptr) return false;
    for (const auto& approval : approvals->as_array())
      if (text_at(approval.as_object(), "argument_hash") == in.request_hash) return true;
    return false;
  }
  std::mutex mutex_;
  std::condition_variable audited_;
  std::map<std::string, std::tuple<policy::Action, std::string, policy::Decision>> answers_;
};

/// A model that does what the last message says: `call <tool> <arguments>` calls, `wait` never answers, else it answers
/// with the message in three pieces. After a tool's result it answers with the result.
class FakeSlm final : public slm::SlmPort {
 public:
  Task<Result<StreamPtr<slm::ChatEvent>>> chat(Context ctx, slm::ChatRequest in) override {
    EXPECT_EQ(in.grant, "grant");
    const auto& last = in.prompt.messages.back().as_object();
    {
      const std::lock_guard lock(mutex_);
      prompts.push_back(in.prompt);
    }
    const std::string words(text_at(last, "content"));
    std::vector<slm::ChatEvent> events;
    slm::ChatEvent end{.finish = slm::FinishReason::stop,
                       .usage = slm::Usage{.prompt = Tokens{10}, .completion = Tokens{3}}};
    if (words.starts_with("call ") && text_at(last, "role") == "user") {
      const auto space = words.find(' ', 5);
      end.tool_calls = {{.id = "call_1", .name = words.substr(5, space - 5), .arguments = words.substr(space + 1)}};
      end.finish = slm::FinishReason::tool_calls;
    } else {
      const std::string text = text_at(last, "role") == "tool" ? "The tool said " + words : "You said: " + words;
      const auto third = text.size() / 3;
      for (const auto& piece : {text.substr(0, third), text.substr(third, third), text.substr(2 * third)})
        events.push_back({.text = piece});
    }
    if (words == "wait") events.clear();
    else events.push_back(std::move(end));
    co_return std::make_unique<Scripted>(*this, std::move(ctx), std::move(events));
  }
  /// A token for every four bytes.
  Task<Result<slm::Count>> count(Context, slm::Prompt prompt) override {
    const auto bytes = to_text(prompt.messages).size() + to_text(prompt.tools).size();
    co_return slm::Count{.prompt = Tokens{static_cast<std::int64_t>(bytes / 4)}, .context = Tokens{context}};
  }
  Task<Result<slm::ModelList>> models(Context, http::Nothing) override {
    co_return slm::ModelList{.models = {{.id = "tiny", .is_default = true, .context = Tokens{2048}}}};
  }
  void wait_until_waiting() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }
  std::atomic<std::int64_t> context{2048};
  std::vector<slm::Prompt> prompts;
  std::atomic<int> dropped{0};  // streams that were destroyed before their end

 private:
  class Scripted final : public Stream<slm::ChatEvent> {
   public:
    Scripted(FakeSlm& slm, Context ctx, std::vector<slm::ChatEvent> events)
        : slm_(slm), ctx_(std::move(ctx)), events_(std::move(events)) {}
    ~Scripted() override { slm_.dropped += next_ < events_.size() || events_.empty() ? 1 : 0; }
    Task<Result<std::optional<slm::ChatEvent>>> next() override {
      if (events_.empty()) {
        {
          const std::lock_guard lock(slm_.mutex_);
          ++slm_.waiting_;
          slm_.changed_.notify_all();
        }
        const async::Signal never;
        (void)co_await never.wait(ctx_);
        co_return fail(cancelled("slm"));
      }
      if (next_ == events_.size()) co_return std::nullopt;
      co_return std::optional(events_[next_++]);
    }

   private:
    FakeSlm& slm_;
    Context ctx_;
    std::vector<slm::ChatEvent> events_;
    std::size_t next_ = 0;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
};

/// What tools did and how they answer; outside the orchestrator's data, as a real tool's would be.
struct ToolScript {
  std::multiset<std::string> effects;
  std::atomic<int> lost_answers{0};  // so many tool calls act, but their answer is lost
  std::optional<Error> failure;  // what each call answers after it acted
  std::atomic<bool> hangs{false};  // each call acts and then listens to nobody, until let_go
  std::atomic<int> hanging{0};
  std::stop_source let_go;
};

/// {text} → {written}.
class EffectTool final : public tools::Tool {
 public:
  EffectTool(std::string name, tools::Effect effect, ToolScript& script, Millis timeout) : script_(script) {
    info_ = {.name = std::move(name),
             .description = "Does it.",
             .input_schema = {{"type", "object"},
                              {"properties", {{"text", {{"type", "string"}}}}},
                              {"required", {"text"}},
                              {"additionalProperties", false}},
             .effect = effect,
             .timeout = timeout};
  }
  const tools::ToolInfo& info() const override { return info_; }
  Task<Result<json::value>> call(Context, tools::ToolCallContext call, json::object arguments) override {
    script_.effects.insert(call.idempotency_key + " " + std::string(text_at(arguments, "text")));
    if (script_.hangs) {
      ++script_.hanging;
      const async::Signal never;
      (void)co_await never.wait(SteadyTime::max(), script_.let_go.get_token());
      --script_.hanging;
    }
    if (script_.failure) co_return fail(*script_.failure);
    if (script_.lost_answers > 0) {
      --script_.lost_answers;
      auto error = internal("the connection broke");
      error.outcome = Outcome::unknown;
      co_return fail(std::move(error));
    }
    co_return json::value{{"written", true}};
  }

 private:
  ToolScript& script_;
  tools::ToolInfo info_;
};

}  // namespace writ::orchestrator
