// Governed: the one place that knows the sequence decide → call → decide → settle. The gateway (chat) and the
// orchestrator (runs) act through it and nothing else calls a model or a tool.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "policy/api/policy_port.h"
#include "slm/api/slm_port.h"
#include "tools/tool_runner.h"

namespace writ::governed {

/// Facts for the rules that every action of one actor shares; policies/README.md says what each means.
struct Actor {
  struct Capsule {
    std::string name;
    std::int64_t version = 0;
    std::string hash;  // of its text; for the record, rules do not see it
  };
  struct Place {
    std::string run_id;
    std::int64_t step = 0;
    std::int64_t attempt = 0;
  };
  std::optional<Capsule> capsule;  // absent for a direct call
  std::optional<Place> run;
  json::array approvals;           // of earlier reviews: {decision_id, argument_hash, approver}
};

/// A decision as the trace and the events show it.
struct Decided {
  policy::Action action = policy::Action::model_call;
  policy::Resource resource;
  std::string request_hash;  // of what was decided on; an approval is for exactly this
  policy::Decision decision;
};

struct ChatCall {
  std::string request_id;  // run/step/attempt, or call_<id>; actions and numbers are appended
  Actor actor;
  slm::Prompt prompt;
  std::optional<slm::Count> counted = {};  // of this prompt, by a caller that has counted it already
  /// In a run: what all attempts of this step may use together, prompt included. max_tokens is cut to fit.
  std::optional<Tokens> step_tokens_max = {};
};
/// How a governed chat ended.
struct ChatEnd {
  slm::FinishReason finish = slm::FinishReason::stop;
  std::string text;                       // all released text
  std::vector<slm::ToolCall> tool_calls;  // not yet decided; empty when denied
  slm::Usage usage;
  std::optional<Tokens> tokens_left;
  bool denied = false;                    // the call or its output was refused; the record holds hash and length
  std::string reason;
  std::optional<policy::Decision> review; // the model call itself waits for a person
};
/// One item of a governed chat: first the model.call decision, then released text, then the end.
struct ChatItem {
  using End = ChatEnd;
  std::optional<Decided> decided;
  std::string text;  // released: scanned and committed by policy
  std::optional<ChatEnd> end;
};

struct ToolCall {
  std::string request_id;
  int asked = 0;  // how often this was asked before: another number is another question, decided under today's rules
  Actor actor;
  slm::ToolCall call;
  std::string idempotency_key;  // the same for every attempt
};
/// What a tool gave, not judged yet.
struct ToolReturn {
  enum class Kind { result, tool_error };
  Kind kind = Kind::result;
  json::value value;
  bool called = true;  // false: the arguments never reached the tool; the value is ours and needs no judgement
};
/// What came of a tool call.
struct ToolOutcome {
  enum class Kind { result, tool_error, denied };
  Kind kind = Kind::result;
  json::value result;               // what the model is told, also for errors and denials
  std::optional<Decided> decided;   // tool.result
};

class Governed {
 public:
  /// `tasks` outlives every stream: what must survive a client (settling) runs there. `holder`: this process, so that
  /// policy knows after its restart that the calls before it are over.
  Governed(policy::PolicyPort& policy, slm::SlmPort& slm, const tools::Toolbox& tools, async::TaskGroup& tasks,
           std::optional<policy::Holder> holder = {});

  /// Errors: unavailable (policy or model cannot be reached: nothing happened undecided), not_found (no_model), invalid,
  /// quota_exceeded (budget_spent; budget_reserved, when calls under way are in the way; token_limit, when the prompt
  /// leaves nothing of step_tokens_max). Cancellation: dropping the stream stops the model and settles what was used.
  [[nodiscard]] Task<Result<StreamPtr<ChatItem>>> chat(Context ctx, ChatCall call);

  /// Tokens of a prompt and the model's context. Errors: those of SlmPort::count.
  [[nodiscard]] Task<Result<slm::Count>> count(Context ctx, slm::Prompt prompt) {
    return slm_.count(std::move(ctx), std::move(prompt));
  }

  /// Asks run.start for a capsule.
  [[nodiscard]] Task<Result<Decided>> decide_start(Context ctx, std::string request_id, const Actor& actor,
                                                   std::string model, int asked = 0);
  /// Asks tool.call only. The caller records the decision before it lets the effect happen.
  [[nodiscard]] Task<Result<Decided>> decide_tool(Context ctx, const ToolCall& call);
  /// Runs an allowed call, in time whether the tool ends or not. The caller records what it gave before it is judged.
  /// Errors: as ToolRunner::call; forbidden (no_grant).
  [[nodiscard]] Task<Result<ToolReturn>> call_tool(Context ctx, ToolCall call, Decided allowed);
  /// Asks tool.result about what the tool, or a person in its place, gave. Errors: those of policy.
  [[nodiscard]] Task<Result<ToolOutcome>> judge_result(Context ctx, ToolCall call, tools::Effect effect,
                                                       ToolReturn returned);
  /// Tells the tools that are at work to end. Errors: deadline, naming those that hang.
  [[nodiscard]] Task<Status> stop_tools(Millis patience) { return runner_.stop(patience); }

 private:
  policy::PolicyPort& policy_;
  slm::SlmPort& slm_;
  const tools::Toolbox& tools_;
  async::TaskGroup& tasks_;
  const std::optional<policy::Holder> holder_;
  tools::ToolRunner runner_;
};

}  // namespace writ::governed
