// RememberedTrials: which files this program has loaded in a trial before, so that the next start need not try again.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "llama/engine.h"

namespace writ::slm {

/// What a trial was of: the files as they are (also their inodes and times of change), the limits, and the program.
[[nodiscard]] std::string trial_key(const llama::ModelSource& source, const llama::EngineLimits& limits,
                                    const std::filesystem::path& program);

/// Kept in `folder`/tried.json, which is made when it is missing; what cannot be written or read only costs a trial.
/// Thread: any.
class RememberedTrials {
 public:
  explicit RememberedTrials(const std::filesystem::path& folder);

  [[nodiscard]] bool has(const std::string& key) const;
  void add(std::string key);

 private:
  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::vector<std::string> keys_;  // the newest last
};

}  // namespace writ::slm
