// Checks a chat request and brings its messages and tools into the one shape that templates and grammars read.
#pragma once

#include "core/json.h"
#include "core/result.h"
#include "llama/chat.h"

namespace writ::llama {

/// The same request with plain shapes: roles system, user, assistant, tool (developer becomes system); content is one text;
/// arguments of tool calls are compact JSON text of an object; every tool has parameters of type object.
/// Errors: invalid (bad_messages, bad_tools, unknown_tool), with all problems.
[[nodiscard]] Result<ChatRequest> checked_request(const ChatRequest& request);

}  // namespace writ::llama
