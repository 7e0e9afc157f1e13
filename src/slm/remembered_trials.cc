#include "slm/remembered_trials.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/hash.h"
#include "schema/codec.h"
#include "slm/state_file.h"

namespace writ::slm {
namespace {

constexpr std::size_t keys_max = 256;  // more models than anybody serves

struct TriedFiles {
  std::vector<std::string> trials;
  static constexpr auto fields() {
    return std::tuple(schema::field("trials", &TriedFiles::trials, schema::any, "What was tried."));
  }
};

std::string text_of(const FileIdentity& file) {
  return fmt::format("{}.{}.{}.{}.{}", file.device, file.inode, file.size, file.modified, file.changed);
}

}  // namespace

std::string trial_key(const llama::ModelSource& source, const llama::EngineLimits& limits,
                      const std::filesystem::path& program) {
  auto text = fmt::format("{} {} {} {} {} {}", text_of(source.gguf.file().identity()), text_of(identity_of(program)),
                          limits.context_tokens, limits.slots, limits.batch_tokens, limits.threads);
  if (source.adapter) text += " " + text_of(source.adapter->file().identity());
  if (source.chat_template) text += " " + *source.chat_template;
  return crypto::sha256_hex(text);
}

RememberedTrials::RememberedTrials(const std::filesystem::path& folder) : file_(folder / "tried.json") {
  keys_ = read_state<TriedFiles>(file_).trials;
}

bool RememberedTrials::has(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(keys_, key) != keys_.end();
}

void RememberedTrials::add(std::string key) {
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(keys_, key) != keys_.end()) return;
  keys_.push_back(std::move(key));
  if (keys_.size() > keys_max) keys_.erase(keys_.begin());
  write_state(file_, TriedFiles{keys_});
}

}  // namespace writ::slm
