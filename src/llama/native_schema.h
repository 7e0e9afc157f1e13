// Schemas for the grammars that llama.cpp writes for a model's own format of tool calls.
#pragma once

#include <string>

#include "core/json.h"
#include "core/result.h"

namespace writ::llama {

/// The schema without references, where llama.cpp's converter holds every keyword of it and its grammar stays small:
/// types, properties, required, items, enum, const, anyOf, and short lengths.
/// Errors: invalid (unsupported_schema) at the JSON pointer, which `at` begins, of the keyword that it does not hold.
[[nodiscard]] Result<json::value> native_schema(const json::value& schema, const std::string& at);

}  // namespace writ::llama
