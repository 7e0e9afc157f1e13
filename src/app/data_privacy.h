// Who else may read or change the data folder: what stops a start, what is only warned of, each with its fix.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace writ::app {

struct PrivacyFinding {
  std::filesystem::path path;
  std::string message;  // what is wrong, and how to mend it
  bool refused = false;  // nothing starts with it
};

/// Looks at modes, owners and links; opens and changes nothing. Empty where there is no folder yet.
/// Refused: the folder, a folder in it or a file that others than its owner may write to; a secret that others may read; a
/// link where a secret, a key, the constitution or a database is; what belongs to another user than this process's and root.
/// Warned of: a folder that others may look into.
/// Source: docs/decisions/0016-private-data.md
[[nodiscard]] std::vector<PrivacyFinding> privacy_findings(const std::filesystem::path& data_folder);

/// Errors: forbidden (data_not_private) with all that is refused.
[[nodiscard]] Status refuse_open_data(const std::vector<PrivacyFinding>& findings);

/// A secret or key of the data folder: a file of its own, for its owner only.
/// Errors: not_found (no_file), forbidden (data_not_private), unavailable (unreadable).
[[nodiscard]] Result<std::string> read_private(const std::filesystem::path& file);
/// Writes a file (mode 0600) whole or not at all, and waits for the disk. A link in its place is replaced, never followed.
/// Errors: unavailable (data_not_writable) with the fix.
[[nodiscard]] Status write_private(const std::filesystem::path& file, std::string_view text);

}  // namespace writ::app
