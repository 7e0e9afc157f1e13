// The questions that governed asks policy: one function per action, so that ids, hashes and facts are formed in one place.
#pragma once

#include "governed/governed.h"

namespace writ::governed {

/// `request_id/action/n`.
[[nodiscard]] std::string question_id(std::string_view request_id, policy::Action action, int n);

/// `asked`: the number of the question; see ToolCall.
[[nodiscard]] policy::EvaluateRequest ask_start(std::string_view request_id, const Actor& actor, std::string_view model,
                                                int asked);
/// `counted`: the prompt's tokens. The estimate is an upper bound: counted + max_tokens.
[[nodiscard]] policy::EvaluateRequest ask_model_call(const ChatCall& call, std::string_view model, Tokens counted);
/// `n` counts re-decisions on new facts; `text` is all output so far, `breaks` where its parts end.
[[nodiscard]] policy::EvaluateRequest ask_model_output(const ChatCall& call, std::string_view model,
                                                       const DecisionId& of, std::string text, Tokens completion, int n,
                                                       std::vector<std::int64_t> breaks = {});
[[nodiscard]] policy::EvaluateRequest ask_tool_call(const ToolCall& call, const tools::ToolInfo& tool);
[[nodiscard]] policy::EvaluateRequest ask_tool_result(const ToolCall& call, const tools::ToolInfo& tool,
                                                      const json::value& result);

/// Why, for people and for the model: the first rule's message.
[[nodiscard]] std::string reason_of(const policy::Decision& decision);

}  // namespace writ::governed
