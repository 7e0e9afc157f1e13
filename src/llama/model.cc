#include "llama/model.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "llama/backend.h"
#include "llama/model_impl.h"

namespace writ::llama {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using Stream = std::unique_ptr<std::FILE, CloseFile>;

/// A stream at the file's beginning, beside the descriptor that stays open. Null when there are no more descriptors.
Stream stream_of(const GgufFile& file) {
  const int fd = ::fcntl(file.file().fd(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  Stream stream(::fdopen(fd, "rb"));
  if (!stream) ::close(fd);
  else (void)::lseek(fd, 0, SEEK_SET);  // the position is shared by all that read this open file
  return stream;
}

Error refused(const char* code, std::string message, std::string llama_says) {
  auto error = invalid(code, std::move(message));
  error.where = std::move(llama_says);
  return error;
}

std::string metadata(const llama_model* model, const char* key) {
  std::array<char, 256> buffer{};
  const auto length = llama_model_meta_val_str(model, key, buffer.data(), buffer.size());
  return length > 0 ? std::string(buffer.data()) : std::string{};
}

std::string piece_of(const llama_vocab* vocab, Token token, SpecialTokens special) {
  std::string piece(32, '\0');  // longer than nearly all tokens; a longer one says how long it is
  const auto convert = [&] {
    return llama_token_to_piece(vocab, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0,
                                special == SpecialTokens::parsed);
  };
  auto length = convert();
  if (length < 0) {
    piece.resize(static_cast<std::size_t>(-length));
    length = convert();
  }
  piece.resize(static_cast<std::size_t>(std::max(length, 0)));
  return piece;
}

TemplateTokens template_tokens(const llama_vocab* vocab) {
  TemplateTokens tokens;
  for (Token token = 0; token < llama_vocab_n_tokens(vocab); ++token) {
    if (!llama_vocab_is_control(vocab, token)) continue;
    tokens.special.push_back(piece_of(vocab, token, SpecialTokens::parsed));
  }
  const auto text = [&](Token token) {
    return token == LLAMA_TOKEN_NULL ? std::string{} : piece_of(vocab, token, SpecialTokens::parsed);
  };
  tokens.begin = text(llama_vocab_bos(vocab));
  tokens.end = text(llama_vocab_eos(vocab));
  return tokens;
}

ModelInfo describe(const llama_model* model, const ModelSource& source) {
  ModelInfo info;
  info.name = metadata(model, "general.name");
  if (info.name.empty()) info.name = std::filesystem::path(source.gguf.file().name()).stem().string();
  std::array<char, 256> buffer{};
  if (llama_model_desc(model, buffer.data(), buffer.size()) > 0) info.description = buffer.data();
  info.parameters = static_cast<std::int64_t>(llama_model_n_params(model));
  info.size = {static_cast<std::int64_t>(llama_model_size(model))};
  info.trained_context = {llama_model_n_ctx_train(model)};
  info.vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
  return info;
}

Status append_tokens(const llama_vocab* vocab, std::string_view text, SpecialTokens special,
                     std::vector<Token>& tokens) {
  if (text.empty()) return {};
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  if (text.size() > most - tokens.size())
    return fail(Error{ErrorKind::too_large, "text_too_large", "the text is over 2 GiB"});
  const auto old_size = tokens.size();
  tokens.resize(old_size + text.size() + 1);  // a token is a byte or more; one for a leading space
  const auto count =
      llama_tokenize(vocab, text.data(), static_cast<std::int32_t>(text.size()), tokens.data() + old_size,
                     static_cast<std::int32_t>(tokens.size() - old_size), false, special == SpecialTokens::parsed);
  if (count < 0) return fail(internal("llama_tokenize needs more tokens than bytes", "llama::Model::tokenize"));
  tokens.resize(old_size + static_cast<std::size_t>(count));
  return {};
}

}  // namespace

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::~Model() = default;

Result<ModelSource> ModelSource::open(const ModelFiles& files) {
  WRIT_TRY(auto gguf, GgufFile::open(files.gguf, GgufKind::model));
  ModelSource source{.gguf = std::move(gguf), .chat_template = files.chat_template, .tool_format = files.tool_format};
  if (files.adapter) { WRIT_TRY(source.adapter, GgufFile::open(*files.adapter, GgufKind::adapter)); }
  return source;
}

bool ModelSource::unchanged() const { return gguf.file().unchanged() && (!adapter || adapter->file().unchanged()); }

Result<std::unique_ptr<Model>> Model::load(const ModelFiles& files, ModelPart part) {
  WRIT_TRY(const auto source, ModelSource::open(files));
  return load(source, part);
}

Result<std::unique_ptr<Model>> Model::load(const ModelSource& source, ModelPart part) {
  ensure_backend();
  auto impl = std::make_unique<Impl>();
  static std::atomic<std::uint64_t> loads{0};
  impl->number = ++loads;
  impl->part = part;
  const auto& name = source.gguf.file().name();
  const ErrorLines errors;
  auto params = llama_model_default_params();
  params.n_gpu_layers = 0;
  params.vocab_only = part == ModelPart::vocabulary;
  params.load_mode = LLAMA_LOAD_MODE_NONE;  // a mapped file that becomes shorter ends the process with SIGBUS
  if (const auto stream = stream_of(source.gguf))
    impl->model.reset(llama_model_load_from_file_ptr(stream.get(), params));
  if (!impl->model)
    return fail(refused("model_unreadable", fmt::format("the model file {} cannot be loaded", name),
                        errors.text("llama.cpp gives no reason")));
  impl->vocab = llama_model_get_vocab(impl->model.get());
  if (source.adapter && part == ModelPart::all) {
    if (const auto stream = stream_of(*source.adapter))
      impl->adapter = llama_adapter_lora_init_from_file_ptr(impl->model.get(), stream.get());
    if (impl->adapter == nullptr)
      return fail(refused("adapter_mismatch",
                          fmt::format("the adapter {} does not fit the model {}", source.adapter->file().name(), name),
                          errors.text("llama.cpp gives no reason")));
  }
  impl->info = describe(impl->model.get(), source);
  impl->info.has_adapter = impl->adapter != nullptr;

  const auto* own_template = llama_model_chat_template(impl->model.get(), nullptr);
  if (source.chat_template || own_template != nullptr) {
    const auto format = source.tool_format.value_or(source.chat_template ? ToolFormat::tagged : ToolFormat::native);
    WRIT_TRY(impl->chat_template,
             ChatTemplate::compile(source.chat_template ? *source.chat_template : std::string(own_template), format,
                                   template_tokens(impl->vocab)));
    impl->info.has_chat_template = true;
  }
  return std::unique_ptr<Model>(new Model(std::move(impl)));
}

const ModelInfo& Model::info() const { return impl_->info; }

std::uint64_t Model::number() const { return impl_->number; }

const ChatTemplate* Model::chat_template() const { return impl_->chat_template ? &*impl_->chat_template : nullptr; }

Result<std::vector<Token>> Model::tokenize(std::string_view text, SpecialTokens special) const {
  std::vector<Token> tokens;
  WRIT_CHECK(append_tokens(impl_->vocab, text, special, tokens));
  return tokens;
}

Result<std::vector<Token>> Model::tokenize(const RenderedChat& chat) const {
  std::vector<Token> tokens;
  const std::string_view prompt = chat.prompt;
  std::size_t at = 0;
  for (const auto& span : chat.plain) {
    WRIT_CHECK(append_tokens(impl_->vocab, prompt.substr(at, span.begin - at), SpecialTokens::parsed, tokens));
    WRIT_CHECK(
        append_tokens(impl_->vocab, prompt.substr(span.begin, span.end - span.begin), SpecialTokens::plain, tokens));
    at = span.end;
  }
  WRIT_CHECK(append_tokens(impl_->vocab, prompt.substr(at), SpecialTokens::parsed, tokens));
  const auto begin = llama_vocab_bos(impl_->vocab);
  if (llama_vocab_get_add_bos(impl_->vocab) && begin != LLAMA_TOKEN_NULL &&
      (tokens.empty() || tokens.front() != begin)) {
    tokens.insert(tokens.begin(), begin);  // unless the template wrote it
  }
  return tokens;
}

Result<Tokens> Model::count(std::string_view text) const {
  WRIT_TRY(const auto tokens, tokenize(text, SpecialTokens::plain));
  return Tokens{static_cast<std::int64_t>(tokens.size())};
}

Result<Tokens> Model::count(const RenderedChat& chat) const {
  WRIT_TRY(const auto tokens, tokenize(chat));
  return Tokens{static_cast<std::int64_t>(tokens.size())};
}

Result<const grammar::Vocabulary*> Model::vocabulary() const {
  std::call_once(impl_->vocabulary_made, [this] {
    const auto* vocab = impl_->vocab;
    std::vector<std::string> tokens;
    Token end = 0;
    for (Token token = 0; token < llama_vocab_n_tokens(vocab); ++token) {
      const bool ends = llama_vocab_is_eog(vocab, token);
      if (ends) end = token;
      tokens.push_back(ends || llama_vocab_is_control(vocab, token) ? "" : piece(token, SpecialTokens::plain));
    }
    impl_->vocabulary = grammar::Vocabulary::create(tokens, end);
  });
  if (!*impl_->vocabulary) return fail(impl_->vocabulary->error());
  return &**impl_->vocabulary;
}

std::string Model::piece(Token token, SpecialTokens special) const { return piece_of(impl_->vocab, token, special); }

}  // namespace writ::llama
