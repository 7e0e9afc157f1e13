// Environment: variables and files as values, so that no logic ever asks the process for them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace writ::settings {

/// What a `_FILE` variable points at.
struct FileText {
  std::string text;
  unsigned mode = 0600;  // permission bits
};
/// Errors: not_found, unavailable, too_large (file_too_large) with a message for people.
using FileReader = std::function<Result<FileText>(const std::string& path)>;
/// Reads regular files up to 64 KiB.
[[nodiscard]] FileReader system_files();

class Environment {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;
  explicit Environment(Variables variables, FileReader files = system_files())
      : variables_(std::move(variables)), files_(std::move(files)) {}
  /// A copy of the process's environment; call it once, before threads start.
  [[nodiscard]] static Environment of_process();

  /// An empty value counts as not set, as charts and shells produce them.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] const Variables& variables() const { return variables_; }
  [[nodiscard]] Result<FileText> read_file(const std::string& path) const { return files_(path); }

 private:
  Variables variables_;
  FileReader files_;
};

}  // namespace writ::settings
