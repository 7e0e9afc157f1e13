#include "llama/gguf_checks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <gguf.h>

#include "core/encoding.h"
#include "llama/gguf_bounds.h"

namespace writ::llama {
namespace {

using Problems = std::optional<HeaderProblem>;

/// Entries that llama.cpp reads without asking for their type: another one would end the process.
struct TypedEntry {
  std::string_view key;
  bool is_array;
  std::array<std::uint32_t, 2> types;  // either
};
constexpr std::array<TypedEntry, 12> typed_entries{{
    {"general.architecture", false, {GGUF_TYPE_STRING, GGUF_TYPE_STRING}},
    {"general.type", false, {GGUF_TYPE_STRING, GGUF_TYPE_STRING}},
    {"general.alignment", false, {GGUF_TYPE_UINT32, GGUF_TYPE_UINT32}},
    {"adapter.type", false, {GGUF_TYPE_STRING, GGUF_TYPE_STRING}},
    {"adapter.lora.alpha", false, {GGUF_TYPE_FLOAT32, GGUF_TYPE_FLOAT32}},
    {"adapter.alora.invocation_tokens", true, {GGUF_TYPE_UINT32, GGUF_TYPE_INT32}},
    {"tokenizer.ggml.model", false, {GGUF_TYPE_STRING, GGUF_TYPE_STRING}},
    {"tokenizer.ggml.tokens", true, {GGUF_TYPE_STRING, GGUF_TYPE_STRING}},
    {"tokenizer.ggml.merges", true, {GGUF_TYPE_STRING, GGUF_TYPE_STRING}},
    {"tokenizer.ggml.scores", true, {GGUF_TYPE_FLOAT32, GGUF_TYPE_FLOAT32}},
    {"tokenizer.ggml.token_type", true, {GGUF_TYPE_INT32, GGUF_TYPE_UINT32}},
    {"tokenizer.ggml.precompiled_charsmap", true, {GGUF_TYPE_UINT8, GGUF_TYPE_INT8}},
}};

const GgufValue* find(const GgufHeader& header, std::string_view key) {
  const auto at = header.values.find(key);
  return at == header.values.end() ? nullptr : &at->second;
}

Problems wrong_types(const GgufHeader& header) {
  for (const auto& entry : typed_entries) {
    const auto* value = find(header, entry.key);
    if (value == nullptr) continue;
    if (value->is_array != entry.is_array || std::ranges::find(entry.types, value->type) == entry.types.end())
      return HeaderProblem{fmt::format("{} is of another type than it must be", entry.key)};
  }
  return std::nullopt;
}

Problems out_of_bounds(std::string_view key, std::string_view name, const GgufValue& value) {
  if (value.is_array && value.count > gguf_hyper_elements_max)
    return HeaderProblem{fmt::format("{} has {} elements, more than {}", key, value.count, gguf_hyper_elements_max)};
  if (!value.number) return std::nullopt;
  double min = -hyperparameter_max, max = hyperparameter_max;
  const auto bound = std::ranges::find(hyperparameter_bounds, name, &HyperparameterBound::name);
  if (bound != hyperparameter_bounds.end()) {
    min = bound->min;
    max = bound->max;
  }
  const auto number = *value.number;
  if (std::isfinite(number) && number >= min && number <= max) return std::nullopt;
  return HeaderProblem{fmt::format("{} is {:.6g}, not {:.6g} to {:.6g}", key, number, min, max)};
}

Problems wrong_hyperparameters(const GgufHeader& header) {
  const auto prefix = header.architecture + ".";
  for (auto at = header.values.lower_bound(prefix); at != header.values.end() && at->first.starts_with(prefix); ++at)
    if (auto problem = out_of_bounds(at->first, std::string_view(at->first).substr(prefix.size()), at->second))
      return problem;
  const auto blocks = header.hyperparameter("block_count");
  if (!blocks) return HeaderProblem{prefix + "block_count is missing"};
  // Each block has its tensors: a count beyond them is made up.
  if (static_cast<std::uint64_t>(*blocks) > header.tensors)
    return HeaderProblem{fmt::format("{}block_count is {}, but there are {} tensors", prefix, *blocks, header.tensors)};
  const auto used = header.hyperparameter("expert_used_count"), experts = header.hyperparameter("expert_count");
  if (used.value_or(0) > experts.value_or(0))
    return HeaderProblem{prefix + "expert_used_count is larger than expert_count"};
  return std::nullopt;
}

Problems wrong_vocabulary(const GgufHeader& header) {
  const auto* tokens = find(header, "tokenizer.ggml.tokens");
  for (const auto* key : {"tokenizer.ggml.scores", "tokenizer.ggml.token_type"}) {
    const auto* other = find(header, key);
    if (other != nullptr && (tokens == nullptr || other->count != tokens->count))
      return HeaderProblem{fmt::format("{} has {} elements, but there are {} tokens", key, other->count,
                                       tokens == nullptr ? 0 : tokens->count)};
  }
  return std::nullopt;
}

Problems wrong_templates(const GgufHeader& header) {
  std::uint64_t bytes = 0;
  for (const auto& [key, value] : header.values) {
    if (!is_chat_template(key)) continue;
    bytes += value.text_size;
    if (bytes > chat_templates_max)
      return HeaderProblem{fmt::format("its chat templates have more than {} bytes", chat_templates_max)};
    if (!is_utf8(value.text)) return HeaderProblem{key + " is no UTF-8"};
  }
  return std::nullopt;
}

Problems wrong_kind(const GgufHeader& header, GgufKind kind) {
  const auto* type = find(header, "general.type");
  const bool is_adapter = type != nullptr && type->text == "adapter";
  if (kind == GgufKind::adapter && !is_adapter) return HeaderProblem{"it is no adapter", true};
  if (kind == GgufKind::model && is_adapter) return HeaderProblem{"it is an adapter, not a model"};
  if (kind == GgufKind::adapter) {
    const auto* adapter = find(header, "adapter.type");
    if (adapter == nullptr || adapter->text != "lora") return HeaderProblem{"it is no LoRA adapter", true};
  }
  const auto* splits = find(header, "split.count");
  if (splits != nullptr && splits->number.value_or(0) > 1)
    return HeaderProblem{"it is one part of several: merge them with llama-gguf-split --merge"};
  return std::nullopt;
}

}  // namespace

bool is_plain_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == '/';
  });
}

bool is_chat_template(std::string_view key) { return key.starts_with("tokenizer.chat_template"); }

Problems header_problem(const GgufHeader& header, GgufKind kind) {
  if (auto problem = wrong_types(header)) return problem;
  if (header.architecture.empty() || !is_plain_name(header.architecture))
    return HeaderProblem{"general.architecture is missing or is no name"};
  if (auto problem = wrong_kind(header, kind)) return problem;
  if (kind == GgufKind::adapter) return std::nullopt;
  if (auto problem = wrong_hyperparameters(header)) return problem;
  if (auto problem = wrong_vocabulary(header)) return problem;
  return wrong_templates(header);
}

std::optional<std::int64_t> GgufHeader::hyperparameter(std::string_view name) const {
  const auto* value = find(*this, architecture + "." + std::string(name));
  if (value == nullptr || !value->number) return std::nullopt;
  return static_cast<std::int64_t>(*value->number);
}

std::optional<Bytes> GgufHeader::cache_bytes_per_token() const {
  constexpr std::int64_t value_bytes = 2;
  const auto blocks = hyperparameter("block_count"), width = hyperparameter("embedding_length");
  const auto heads = hyperparameter("attention.head_count");
  // Architectures with a compressed or a recurrent state take less.
  if (!blocks || !width || heads.value_or(0) < 1 || hyperparameter("attention.kv_lora_rank") ||
      hyperparameter("ssm.state_size"))
    return std::nullopt;
  const auto kv_heads = hyperparameter("attention.head_count_kv").value_or(*heads);
  const auto key_size = hyperparameter("attention.key_length").value_or(*width / *heads);
  const auto value_size = hyperparameter("attention.value_length").value_or(*width / *heads);
  return Bytes{*blocks * kv_heads * (key_size + value_size) * value_bytes};
}

}  // namespace writ::llama
