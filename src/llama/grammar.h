// What an answer may be: JSON of a schema, text, and tagged tool calls, as rules for the grammar engine.
#pragma once

#include <optional>

#include "core/json.h"
#include "grammar/grammar.h"
#include "llama/chat.h"

namespace writ::llama {

/// Compact JSON (no white space) that matches the schema.
/// Errors: invalid (bad_json_schema) at the pointer below /json_schema.
[[nodiscard]] Result<grammar::Source> json_grammar(const json::value& schema);

/// The grammar for a checked request in the tagged format; nothing where anything goes.
///   automatic: text that does not spell <tool_call>, then any number of calls (at most one with ParallelCalls::refused);
///   required: calls only; named: calls of that tool only. With a json_schema, the text is JSON that matches it.
/// Errors: invalid (bad_tools, bad_json_schema) at the pointer of what cannot be enforced.
[[nodiscard]] Result<std::optional<grammar::Source>> tagged_grammar(const ChatRequest& request);

/// The engine's refusal in this room's codes: bad_tools where its pointer is below /tools, else bad_json_schema.
[[nodiscard]] Error as_request_error(Error error);

}  // namespace writ::llama
