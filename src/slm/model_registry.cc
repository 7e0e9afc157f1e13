#include "slm/model_registry.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/json.h"
#include "core/regular_file.h"
#include "schema/codec.h"

namespace writ::slm {
namespace {

namespace fs = std::filesystem;
using schema::any;
using schema::field;
using schema::field_or_default;
using schema::number;
using schema::text;

constexpr std::size_t id_max = 128;  // bytes, as in a request

/// What a model of the registry is for. Embeddings are prepared by set-up, but nothing serves them yet.
enum class Kind { chat, embedding };

}  // namespace
}  // namespace writ::slm

template <>
struct writ::schema::EnumNames<writ::slm::Kind> {
  using K = writ::slm::Kind;
  static constexpr auto value =
      std::array<std::pair<K, std::string_view>, 2>{{{K::chat, "chat"}, {K::embedding, "embedding"}}};
};

namespace writ::slm {
namespace {

/// One row of registry.json.
struct Entry {
  std::string id, file, sha256;
  Kind kind = Kind::chat;
  bool is_default = false;
  std::optional<std::string> adapter, adapter_sha256, chat_template;
  Tokens context;
  std::string licence;
  static constexpr auto fields() {
    return std::tuple(field("id", &Entry::id, text(1, id_max), "Model id."),
                      field_or_default("kind", &Entry::kind, any, "chat or embedding."),
                      field_or_default("default", &Entry::is_default, any, "Whether it is the default."),
                      field("file", &Entry::file, text(1, 4096), "GGUF file, in the models folder or the cache."),
                      field("sha256", &Entry::sha256, text(64, 64), "Of the file."),
                      field("adapter", &Entry::adapter, text(1, 4096), "LoRA adapter in GGUF, in the models folder."),
                      field("adapter_sha256", &Entry::adapter_sha256, text(64, 64), "Of the adapter."),
                      field("chat_template", &Entry::chat_template, text(1, 4096), "Jinja file, in the models folder."),
                      field("context", &Entry::context, number(2, 10'000'000), "Tokens."),
                      field_or_default("licence", &Entry::licence, text(0, 256), "SPDX name."));
  }
};
struct Document {
  std::vector<Entry> models;
  static constexpr auto fields() { return std::tuple(field("models", &Document::models, any, "Models.")); }
};

constexpr std::size_t text_max = 1UL << 20U;  // bytes of registry.json and of a chat template; ours have 10 KB

Result<std::string> read_file(const fs::path& path) {
  WRIT_TRY(const auto file, RegularFile::open(path));
  return file.read_all(text_max);
}

bool is_shown_id(std::string_view id) {
  return is_utf8(id) && std::ranges::none_of(id, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

/// Collects the served models and what is wrong.
class Opening {
 public:
  explicit Opening(const RegistryOptions& options) : options_(options) {}

  void read_document();
  /// Adds the registry's row of that id; false when it has none.
  bool add_known(std::string_view id);
  void add_named(const std::string& item);
  [[nodiscard]] std::optional<std::string> registry_default() const;
  [[nodiscard]] bool serves(std::string_view id) const {
    return std::ranges::any_of(models_, [&](const ModelSpec& m) { return m.id == id; });
  }
  Result<std::vector<ModelSpec>> finish(const std::optional<std::string>& default_id);
  void problem(std::string where, std::string message) { problems_.push_back({std::move(where), std::move(message)}); }

 private:
  [[nodiscard]] std::optional<fs::path> find_base(const Entry& entry);
  bool check_gguf(const fs::path& file, std::string_view fix);
  bool check_id(const fs::path& file);
  void add_file(const fs::path& file);
  void add_folder(const fs::path& folder);

  const RegistryOptions& options_;
  std::vector<Entry> entries_;
  std::vector<ModelSpec> models_;
  std::vector<Problem> problems_;
};

void Opening::read_document() {
  const auto path = options_.models_dir / "registry.json";
  const auto content = read_file(path);
  auto parsed = content ? parse_json(*content) : Result<json::value>(fail(content.error()));
  if (!parsed)
    return problem(path.string(), "it cannot be read (" + parsed.error().message +
                                      "): set WRIT_MODELS_DIR to the repository's folder models/");
  auto document =
      schema::decode<Document>(json::object{{"models", std::move(*parsed)}}, {.unknown = schema::Unknown::ignore});
  if (!document) {
    for (const auto& p : document.error().problems)
      problem(path.string() + " at " + p.pointer, p.message + ": restore the file from the repository");
    return;
  }
  entries_ = std::move(document->models);
}

std::optional<std::string> Opening::registry_default() const {
  const auto entry = std::ranges::find_if(entries_, &Entry::is_default);
  return entry == entries_.end() ? std::nullopt : std::optional(entry->id);
}

std::optional<fs::path> Opening::find_base(const Entry& entry) {
  std::string looked;
  for (const auto& folder : {std::optional(options_.models_dir), options_.cache}) {
    if (!folder) continue;
    std::error_code ignored;  // what cannot be looked at is not there
    if (fs::is_regular_file(*folder / entry.file, ignored)) return *folder / entry.file;
    looked += (looked.empty() ? "" : " or ") + folder->string();
  }
  problem(
      entry.id,
      fmt::format(
          "its file {} is not in {}: run ./run setup, set WRIT_SLM_CACHE to the folder that has it, or choose another "
          "model with WRIT_SLM_DEFAULT_MODEL and WRIT_SLM_MODELS",
          entry.file, looked));
  return std::nullopt;
}

bool Opening::check_gguf(const fs::path& file, std::string_view fix) {
  const auto opened = RegularFile::open(file);
  std::array<char, 4> magic{};
  if (opened && opened->read(magic, 0).value_or(0) == magic.size() && std::string_view(magic.data(), 4) == "GGUF")
    return true;
  problem(file.string(), fmt::format("it is not a GGUF file ({}): {}",
                                     opened ? "its first bytes are others" : opened.error().message, fix));
  return false;
}

bool Opening::add_known(std::string_view id) {
  const auto entry = std::ranges::find(entries_, id, &Entry::id);
  if (entry == entries_.end()) return false;
  if (entry->kind != Kind::chat) {
    problem(entry->id, "it makes embeddings, which are not served yet: choose a model that answers");
    return true;
  }
  const auto base = find_base(*entry);
  if (!base || !check_gguf(*base, "run ./run setup again")) return true;
  ModelSpec spec{.id = entry->id, .files = {.gguf = *base}, .context = entry->context, .licence = entry->licence};
  spec.checksums.push_back({*base, entry->sha256});
  if (entry->adapter) {
    spec.files.adapter = options_.models_dir / *entry->adapter;
    if (!check_gguf(*spec.files.adapter, "restore it from the repository")) return true;
    if (entry->adapter_sha256) spec.checksums.push_back({*spec.files.adapter, *entry->adapter_sha256});
  }
  if (entry->chat_template) {
    const auto path = options_.models_dir / *entry->chat_template;
    auto content = read_file(path);
    if (!content || content->empty()) {
      problem(path.string(), "the chat template cannot be read: restore it from the repository");
      return true;
    }
    spec.files.chat_template = std::move(*content);
  }
  models_.push_back(std::move(spec));
  return true;
}

bool Opening::check_id(const fs::path& file) {
  const auto id = file.stem().string();
  if (id.empty() || id.size() > id_max)
    problem(file.string(), fmt::format("a model's file name has 1 to {} bytes before .gguf", id_max));
  else if (!is_shown_id(id)) problem(file.string(), "a model's file name is UTF-8 without control characters");
  else if (serves(id)) problem(file.string(), fmt::format("a model \"{}\" is served already: rename the file", id));
  else return true;
  return false;
}

void Opening::add_file(const fs::path& file) {
  if (check_id(file) && check_gguf(file, "name only GGUF files in WRIT_SLM_MODELS"))
    models_.push_back({.id = file.stem().string(), .files = {.gguf = file}});
}

void Opening::add_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".gguf") files.push_back(at->path());
  if (error) return problem(folder.string(), "the folder cannot be read (" + error.message() + ")");
  if (files.empty()) return problem(folder.string(), "the folder of WRIT_SLM_MODELS holds no *.gguf files");
  std::ranges::sort(files);
  // What stands in a folder may be half copied, or no file at all: it is a model that cannot be loaded, and fails alone.
  for (const auto& file : files)
    if (check_id(file)) models_.push_back({.id = file.stem().string(), .files = {.gguf = file}});
}

void Opening::add_named(const std::string& item) {
  std::error_code ignored;  // what cannot be looked at is not there
  if (fs::is_directory(item, ignored)) return add_folder(item);
  if (fs::exists(fs::symlink_status(item, ignored))) return add_file(item);
  if (serves(item) || add_known(item)) return;
  problem(item, "WRIT_SLM_MODELS names a GGUF file, a folder or an id of registry.json, and this is none of them");
}

Result<std::vector<ModelSpec>> Opening::finish(const std::optional<std::string>& default_id) {
  const auto chosen =
      std::ranges::find_if(models_, [&](const ModelSpec& m) { return default_id && m.id == *default_id; });
  if (problems_.empty() && chosen == models_.end()) {
    std::string ids;
    for (const auto& entry : entries_)
      if (entry.kind == Kind::chat) ids += (ids.empty() ? "" : ", ") + entry.id;
    problem("WRIT_SLM_DEFAULT_MODEL",
            fmt::format("there is no model \"{}\": name it in WRIT_SLM_MODELS too, or choose one of {}",
                        default_id.value_or(""), ids));
  }
  if (!problems_.empty()) {
    std::string message = "the models cannot be served";
    for (const auto& p : problems_) message += "\n  " + p.pointer + ": " + p.message;
    return fail(invalid("models_unusable", std::move(message), std::move(problems_)));
  }
  chosen->is_default = true;
  std::rotate(models_.begin(), chosen, std::next(chosen));
  return std::move(models_);
}

}  // namespace

Result<ModelRegistry> ModelRegistry::open(const RegistryOptions& options) {
  Opening opening(options);
  opening.read_document();
  // A default that is no id of the registry is one of the files, which finish() looks at.
  const auto default_id = options.default_model ? options.default_model : opening.registry_default();
  if (default_id) opening.add_known(*default_id);
  for (const auto& item : options.more) opening.add_named(item);
  WRIT_TRY(auto models, opening.finish(default_id));
  return ModelRegistry(std::move(models));
}

const ModelSpec* ModelRegistry::find(std::string_view id) const {
  const auto model =
      std::ranges::find_if(models_, [&](const ModelSpec& m) { return id.empty() ? m.is_default : m.id == id; });
  return model == models_.end() ? nullptr : &*model;
}

}  // namespace writ::slm
