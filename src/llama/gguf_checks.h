// What must hold of a GGUF header that was read: hyperparameters within bounds, entries of the types that llama.cpp asserts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "llama/gguf_file.h"

namespace writ::llama {

struct HeaderProblem {
  std::string message;
  bool other_kind = false;  // a model where an adapter was meant, or the other way round
};
[[nodiscard]] std::optional<HeaderProblem> header_problem(const GgufHeader& header, GgufKind kind);

/// Letters, digits and ". - _ /": what names of entries and tensors are made of, so that they can be shown as they are.
[[nodiscard]] bool is_plain_name(std::string_view name);
[[nodiscard]] bool is_chat_template(std::string_view key);

}  // namespace writ::llama
