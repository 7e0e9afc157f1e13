#include "llama/gguf_file.h"

#include <sys/stat.h>

#include <array>
#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "core/scratch_folder.h"
#include "llama/gguf_bytes.h"

namespace writ::llama {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

class GgufFileTest : public testing::Test {
 protected:
  fs::path write(std::string_view bytes) const { return scratch.write("m.gguf", bytes); }
  /// "" where the file passes.
  std::string problem(std::string_view bytes, GgufKind kind = GgufKind::model) const {
    const auto file = GgufFile::open(write(bytes), kind);
    return file ? "" : file.error().code + ": " + file.error().message;
  }
  std::string problem(const GgufBytes& file, GgufKind kind = GgufKind::model) const {
    return problem(file.bytes(128), kind);
  }
  static GgufBytes model() { return small_model().tensor("token_embd.weight", {32}, 0); }
  ScratchFolder scratch;
  const fs::path& folder = scratch.path();
};

#define EXPECT_REFUSED(bytes, reason)                                                 \
  do {                                                                                \
    const auto told_ = problem(bytes);                                                \
    EXPECT_NE(told_.find(reason), std::string::npos) << "told: " << told_;            \
    EXPECT_EQ(told_.find(folder.string()), std::string::npos) << "it names a folder"; \
  } while (0)

TEST_F(GgufFileTest, a_sound_header_passes_and_is_known) {
  auto bytes = model().put("llama.attention.head_count", 4U).put("llama.attention.head_count_kv", 2U);
  const auto file = GgufFile::open(write(bytes.bytes(128)), GgufKind::model);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->header().architecture, "llama");
  EXPECT_EQ(file->header().hyperparameter("block_count"), 1);
  EXPECT_EQ(file->header().tensor_bytes, 128U);
  EXPECT_EQ(file->header().cache_bytes_per_token(), Bytes{1 * 2 * (8 + 8) * 2});
}

TEST_F(GgufFileTest, the_shipped_files_pass) {
  for (const auto* name : {"tiny/writ-tiny.gguf"})
    EXPECT_TRUE(GgufFile::open(fs::path(WRIT_MODELS) / name, GgufKind::model));
  const auto adapter = GgufFile::open(fs::path(WRIT_MODELS) / "tools-adapter/adapter.gguf", GgufKind::adapter);
  EXPECT_TRUE(adapter) << adapter.error().message;
}

TEST_F(GgufFileTest, what_is_no_file_is_refused_without_waiting) {
  ASSERT_EQ(::mkfifo((folder / "x.gguf").c_str(), 0600), 0);
  const auto file = GgufFile::open(folder / "x.gguf", GgufKind::model);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, "model_unreadable");
  EXPECT_EQ(file.error().message, "the model file x.gguf is a named pipe, not a file");
  EXPECT_EQ(file.error().where, (folder / "x.gguf").string());
  EXPECT_EQ(GgufFile::open(folder / "none", GgufKind::adapter).error().code, "adapter_file_missing");
}

TEST_F(GgufFileTest, a_block_count_that_the_file_cannot_have_is_refused) {
  GgufBytes blocks;
  blocks.put("general.architecture", "llama").put("llama.block_count", 100'000U).tensor("a", {32}, 0);
  EXPECT_REFUSED(blocks, "llama.block_count is 100000, not 1 to 512");
  GgufBytes few;
  few.put("general.architecture", "llama").put("llama.block_count", 40U).tensor("a", {32}, 0);
  EXPECT_REFUSED(few, "llama.block_count is 40, but there are 1 tensors");
  GgufBytes none;
  none.put("general.architecture", "llama").tensor("a", {32}, 0);
  EXPECT_REFUSED(none, "llama.block_count is missing");
}

TEST_F(GgufFileTest, hyperparameters_out_of_bounds_are_refused) {
  EXPECT_REFUSED(model().put("llama.attention.head_count", 4'000'000'000U),
                 "attention.head_count is 4e+09, not 0 to 4096");
  EXPECT_REFUSED(model().put("llama.embedding_length.x", 4'294'967'295U), "embedding_length.x is");
  EXPECT_REFUSED(model().put("llama.rope.freq_base", NAN), "rope.freq_base is nan");
  EXPECT_REFUSED(model().put("llama.other", INFINITY), "other is inf");
  EXPECT_REFUSED(model().put("llama.expert_count", 4U).put("llama.expert_used_count", 5U),
                 "expert_used_count is larger");
  const auto list = GgufBytes::raw(std::uint32_t{GgufBytes::u32}) + GgufBytes::raw(std::uint64_t{2}) +
                    GgufBytes::raw(std::uint32_t{8}) + GgufBytes::raw(std::uint32_t{1U << 31U});
  EXPECT_REFUSED(model().entry("llama.attention.head_count_kv", GgufBytes::array, list), "head_count_kv is 2.14");
}

TEST_F(GgufFileTest, counts_and_lengths_beyond_their_bounds_or_the_file_are_refused) {
  auto many = model();
  many.tensor_count = 1ULL << 40U;
  EXPECT_REFUSED(many, "tensors, more than 65536");
  many = model();
  many.value_count = 5000;
  EXPECT_REFUSED(many, "metadata entries, more than 4096");
  many = model();
  many.value_count = 40;
  EXPECT_NE(problem(many), "");
  const auto key_too_long = GgufBytes().put(std::string(257, 'k'), 1U);
  EXPECT_REFUSED(key_too_long, "more than 256");
  for (const auto length : {std::uint64_t{1} << 21U, std::uint64_t{1} << 62U, UINT64_MAX})
    EXPECT_REFUSED(model().entry("general.name", GgufBytes::text, GgufBytes::raw(length)), "ends beyond the end");
  for (const auto count : {std::uint64_t{1} << 22U, std::uint64_t{1} << 62U, UINT64_MAX}) {
    for (const std::uint32_t type : {0U, 4U, 8U, 10U}) {
      const auto list = GgufBytes::raw(type) + GgufBytes::raw(count);
      EXPECT_NE(problem(model().entry("a", GgufBytes::array, list)), "") << count << " of type " << type;
    }
  }
}

TEST_F(GgufFileTest, unknown_types_nested_arrays_and_twins_are_refused) {
  EXPECT_REFUSED(model().entry("a", 13, "abcd"), "a is of an unknown type");
  EXPECT_REFUSED(
      model().entry("a", GgufBytes::array, GgufBytes::raw(std::uint32_t{9}) + GgufBytes::raw(std::uint64_t{1})),
      "a is of an unknown type");
  EXPECT_REFUSED(model().put("llama.block_count", 1U), "llama.block_count stands twice");
  EXPECT_REFUSED(small_model().tensor("t", {8}, 0).tensor("t", {8}, 32), "tensor t stands twice");
  EXPECT_REFUSED(model().put("bad\x1b[31mkey", 1U), "not made of letters");
}

TEST_F(GgufFileTest, entries_of_a_type_that_llama_cpp_asserts_are_refused) {
  EXPECT_REFUSED(GgufBytes().put("general.architecture", 7U), "general.architecture is of another type");
  EXPECT_REFUSED(model().put("tokenizer.ggml.tokens", 7U), "tokenizer.ggml.tokens is of another type");
  EXPECT_REFUSED(model().strings("tokenizer.ggml.scores", {"a"}), "tokenizer.ggml.scores is of another type");
  const auto one_score = GgufBytes::raw(std::uint32_t{GgufBytes::f32}) + GgufBytes::raw(std::uint64_t{1}) + "\0\0\0\0"s;
  EXPECT_REFUSED(
      model().strings("tokenizer.ggml.tokens", {"a", "b"}).entry("tokenizer.ggml.scores", GgufBytes::array, one_score),
      "scores has 1 elements, but there are 2 tokens");
}

TEST_F(GgufFileTest, a_tensor_that_is_not_in_the_file_is_refused) {
  EXPECT_EQ(problem(small_model().tensor("t", {32}, 0)), "");
  EXPECT_REFUSED(small_model().tensor("t", {33}, 0), "ends beyond the end of the file");
  EXPECT_REFUSED(small_model().tensor("t", {8}, 128), "ends beyond the end of the file");
  EXPECT_REFUSED(small_model().tensor("t", {8}, UINT64_MAX - 31), "ends beyond the end of the file");
  EXPECT_REFUSED(small_model().tensor("t", {32}, 0).tensor("u", {32}, 0), "larger than the file");
  EXPECT_REFUSED(small_model().tensor("t", {8}, 4), "is not aligned");
  EXPECT_REFUSED(small_model().tensor("t", {1ULL << 40U}, 0), "larger than the file");
  EXPECT_REFUSED(small_model().tensor("t", {1ULL << 32U, 1ULL << 32U}, 0), "has a dimension of");
  EXPECT_REFUSED(small_model().tensor("t", {0}, 0), "has a dimension of 0");
  EXPECT_REFUSED(small_model().tensor("t", {1, 1, 1, 1, 1}, 0), "has 5 dimensions");
  EXPECT_REFUSED(small_model().tensor("t", {}, 0), "has 0 dimensions");
  EXPECT_REFUSED(small_model().tensor("t", {8}, 0, 9999), "is of an unknown type");
  EXPECT_REFUSED(small_model().tensor("t", {8}, 0, 4), "is of an unknown type");
  EXPECT_REFUSED(small_model().tensor("t", {33}, 0, 2), "do not fill its blocks of 32");
  EXPECT_REFUSED(model().put("general.alignment", 3U), "general.alignment is no power of two");
  EXPECT_REFUSED(model().put("general.alignment", 0U), "general.alignment is no power of two");
}

TEST_F(GgufFileTest, every_cut_of_a_file_is_refused) {
  const auto whole = model().put("tokenizer.chat_template", "{{ x }}").bytes(128);
  ASSERT_EQ(problem(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size) ASSERT_NE(problem(whole.substr(0, size)), "") << size;
}

TEST_F(GgufFileTest, a_sparse_giant_of_nothing_is_refused_at_once) {
  fs::resize_file(write("GGUF"), 1ULL << 40U);
  EXPECT_FALSE(GgufFile::open(folder / "m.gguf", GgufKind::model));
  fs::resize_file(write(small_model().tensor("t", {1ULL << 36U}, 0).bytes()), 1ULL << 40U);
  EXPECT_TRUE(GgufFile::open(folder / "m.gguf", GgufKind::model))
      << "all of it is in the file: loading it is another matter";
}

TEST_F(GgufFileTest, chat_templates_are_bounded) {
  EXPECT_EQ(problem(model().put("tokenizer.chat_template", std::string(200'000, 'x'))), "");
  EXPECT_REFUSED(model().put("tokenizer.chat_template", std::string(300'000, 'x')), "more than 262144 bytes");
  EXPECT_REFUSED(model()
                     .put("tokenizer.chat_template", std::string(200'000, 'x'))
                     .put("tokenizer.chat_template.rag", std::string(200'000, 'x')),
                 "more than 262144 bytes");
  EXPECT_REFUSED(model().put("tokenizer.chat_template", "a\xff"), "is no UTF-8");
}

TEST_F(GgufFileTest, versions_magic_and_parts_are_refused_with_what_to_do) {
  EXPECT_REFUSED(std::string_view("this is not a model at all, only text"), "magic");
  auto old = model();
  old.version = 1;
  EXPECT_REFUSED(old, "GGUF version 1");
  old.version = 0x03000000;
  EXPECT_REFUSED(old, "GGUF version 50331648");
  EXPECT_REFUSED(model().entry("split.count", GgufBytes::u16, GgufBytes::raw(std::uint16_t{3})),
                 "llama-gguf-split --merge");
  EXPECT_REFUSED(std::string_view(""), "shorter than a GGUF header");
}

TEST_F(GgufFileTest, models_and_adapters_are_not_taken_for_one_another) {
  EXPECT_EQ(problem(model(), GgufKind::adapter),
            "adapter_mismatch: the adapter file m.gguf is not usable: it is no adapter");
  auto adapter =
      GgufBytes().put("general.architecture", "llama").put("general.type", "adapter").tensor("a.lora_a", {32}, 0);
  EXPECT_REFUSED(adapter, "it is an adapter, not a model");
  EXPECT_NE(problem(adapter, GgufKind::adapter).find("no LoRA adapter"), std::string::npos);
  EXPECT_EQ(problem(adapter.put("adapter.type", "lora"), GgufKind::adapter), "");
  EXPECT_NE(
      problem(adapter.put("adapter.lora.alpha", 16U), GgufKind::adapter).find("adapter.lora.alpha is of another type"),
      std::string::npos);
}

}  // namespace
}  // namespace writ::llama
