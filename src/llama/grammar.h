// GBNF grammars: of a JSON Schema, and of answers with tagged tool calls.
#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "llama/chat.h"

namespace writ::llama {

/// A grammar whose root is compact JSON (no white space) that matches the schema.
/// Errors: invalid (bad_json_schema).
[[nodiscard]] Result<std::string> json_grammar(const json::value& schema);

/// The grammar for a checked request in the tagged format; "" where anything goes.
///   automatic: text that does not spell <tool_call>, then any number of calls (at most one with ParallelCalls::refused);
///   required: calls only; named: calls of that tool only. With a json_schema, the text is JSON that matches it.
/// Errors: invalid (bad_tools, unknown_tool, bad_json_schema) with the pointer of the tool.
[[nodiscard]] Result<std::string> tagged_grammar(const ChatRequest& request);

}  // namespace writ::llama
