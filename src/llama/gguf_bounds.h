// What a header of a GGUF file may hold: more than the largest published models, far less than what exhausts a machine.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace writ::llama {

inline constexpr std::uint32_t gguf_version_min = 2, gguf_version_max = 3;  // 1 is read by nobody any more
inline constexpr std::uint64_t gguf_values_max = 4096;  // metadata entries; published models have up to 100
inline constexpr std::uint64_t gguf_tensors_max = 65'536;  // published models have up to 3,000
inline constexpr std::uint64_t gguf_key_max = 256;  // bytes of a metadata key
inline constexpr std::uint64_t gguf_string_max = 1U << 20U;  // bytes of any text; a licence may stand there in full
inline constexpr std::uint64_t gguf_elements_max = 1U << 23U;  // of one array; vocabularies have up to 300,000 entries
inline constexpr std::uint64_t gguf_hyper_elements_max = 65'536;  // of an array of hyperparameters; one for each block
inline constexpr std::uint64_t gguf_alignment_max = 1U << 20U;  // bytes
/// Bytes of all chat templates together: published ones have up to 30 KB.
inline constexpr std::uint64_t chat_templates_max = 256U << 10U;

/// `<architecture>.<name>`, bounds inclusive. Those of llama.cpp's own tables (512 blocks, 1,024 experts) where it has any.
struct HyperparameterBound {
  std::string_view name;
  double min, max;
};
inline constexpr std::array<HyperparameterBound, 23> hyperparameter_bounds{{
    {"block_count", 1, 512},
    {"context_length", 1, 1 << 30},
    {"embedding_length", 1, 1 << 18},
    {"feed_forward_length", 0, 1 << 22},
    {"expert_feed_forward_length", 0, 1 << 22},
    {"vocab_size", 1, 1 << 23},
    {"attention.head_count", 0, 4096},
    {"attention.head_count_kv", 0, 4096},
    {"attention.key_length", 1, 1 << 16},
    {"attention.value_length", 1, 1 << 16},
    {"attention.sliding_window", 0, 1 << 30},
    {"attention.layer_norm_epsilon", 0, 1},
    {"attention.layer_norm_rms_epsilon", 0, 1},
    {"rope.dimension_count", 0, 1 << 16},
    {"rope.freq_base", 1e-6, 1e15},
    {"rope.scaling.factor", 0, 1e6},
    {"expert_count", 0, 1024},
    {"expert_used_count", 0, 1024},
    {"leading_dense_block_count", 0, 512},
    {"nextn_predict_layers", 0, 512},
    {"ssm.conv_kernel", 0, 4096},
    {"ssm.state_size", 0, 1 << 20},
    {"ssm.inner_size", 0, 1 << 22},
}};
/// Any other hyperparameter: what a signed 32-bit number holds.
inline constexpr double hyperparameter_max = 2'147'483'647;

}  // namespace writ::llama
