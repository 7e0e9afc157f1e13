// What llama.cpp itself recognises in a model's own chat template: the parser of the answers to one rendered request.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "llama/tool_call_parser.h"

namespace writ::llama {

enum class NativeInput { partial, complete };

/// All text (reasoning left out) and all calls of an answer so far. Errors: invalid (malformed_tool_call).
[[nodiscard]] Result<Answer> parse_native(const NativeSyntax& syntax, const std::string& answer, NativeInput input);

/// Valid JSON text without white space outside strings, numbers as llama.cpp's templates write them.
[[nodiscard]] std::string compact_json(const std::string& text);

}  // namespace writ::llama
