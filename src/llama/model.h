// A loaded GGUF model with its adapter, vocabulary and chat template. It holds no conversation: see engine.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/units.h"
#include "grammar/vocabulary.h"
#include "llama/chat.h"
#include "llama/gguf_file.h"

namespace writ::llama {

struct ModelFiles {
  std::filesystem::path gguf;
  std::optional<std::filesystem::path> adapter{};  // a LoRA adapter in GGUF, applied at scale 1
  std::optional<std::string> chat_template{};      // Jinja text; without it the one in the GGUF's metadata
  std::optional<ToolFormat> tool_format{};         // default: tagged with a chat_template, native without
};

/// The files of a model, opened and looked at; what is loaded from it are these files, whatever their names name by then.
struct ModelSource {
  GgufFile gguf;
  std::optional<GgufFile> adapter{};
  std::optional<std::string> chat_template{};
  std::optional<ToolFormat> tool_format{};

  /// Errors: those of GgufFile::open.
  [[nodiscard]] static Result<ModelSource> open(const ModelFiles& files);
  /// Whether no file was written to since it was opened.
  [[nodiscard]] bool unchanged() const;
};

struct ModelInfo {
  std::string name;  // general.name, or the file's stem
  std::string description;  // architecture, size and quantisation: "llama 135M Q4_1"
  std::int64_t parameters = 0;
  Bytes size{};  // of all tensors
  Tokens trained_context{};  // the longest sequence it was trained for
  std::int32_t vocabulary = 0;
  bool has_chat_template = false;
  bool has_adapter = false;
};

/// What of a model is read from its files.
enum class ModelPart {
  all,
  vocabulary,  // vocabulary and chat template: enough to render and tokenize, in a fraction of the time; no engine
};

enum class SpecialTokens {
  plain,  // "<|im_end|>" in the text is ten characters
  parsed,  // … is the token
};

/// Every const function is safe from any thread: a loaded model does not change.
class Model {
 public:
  /// Blocks while it reads and repacks the file (0.1 s for 100 MB). It maps nothing: a file that is cut off later is no matter.
  /// A file that fools llama.cpp's own checks ends the process: slm/model_trial.h tries it in another one first.
  /// Errors: invalid (model_unreadable: cut off, or an unknown architecture; adapter_mismatch; bad_chat_template). Messages
  /// name no folder; `where` has llama.cpp's own lines.
  [[nodiscard]] static Result<std::unique_ptr<Model>> load(const ModelSource& source, ModelPart part = ModelPart::all);
  /// Opens the files first. Errors: also those of ModelSource::open.
  [[nodiscard]] static Result<std::unique_ptr<Model>> load(const ModelFiles& files, ModelPart part = ModelPart::all);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  [[nodiscard]] const ModelInfo& info() const;
  /// No other model that this process has loaded has it.
  [[nodiscard]] std::uint64_t number() const;
  /// nullptr where neither the files nor the GGUF have one.
  [[nodiscard]] const ChatTemplate* chat_template() const;

  /// Adds no begin-of-sequence token. Errors: too_large (over 2^31 - 1 tokens or bytes).
  [[nodiscard]] Result<std::vector<Token>> tokenize(std::string_view text, SpecialTokens special) const;
  /// The tokens to decode for a rendered request: begin-of-sequence where the model wants it, special tokens only where the
  /// template wrote them, never where the request spelled them.
  [[nodiscard]] Result<std::vector<Token>> tokenize(const RenderedChat& chat) const;
  [[nodiscard]] Result<Tokens> count(std::string_view text) const;
  [[nodiscard]] Result<Tokens> count(const RenderedChat& chat) const;
  /// The bytes of one token, not always whole UTF-8 characters; a special token's text, or nothing with `plain`.
  [[nodiscard]] std::string piece(Token token, SpecialTokens special) const;
  /// The tokens as the grammar engine wants them, made at the first call (50 ms for 50,000 tokens). Control tokens are
  /// none of them. Errors: invalid (bad_vocabulary).
  [[nodiscard]] Result<const grammar::Vocabulary*> vocabulary() const;

 private:
  friend class Engine;
  friend class Sampler;
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::llama
