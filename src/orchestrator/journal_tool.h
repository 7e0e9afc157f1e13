// The tool journal: it exists only in builds with fail points, as the `once` tool of crash tests.
#pragma once

#ifdef WRIT_FAIL_POINTS
#include <filesystem>
#include <memory>

#include "tools/tool.h"

namespace writ::orchestrator {

/// journal {text} → {written: true}. Appends one line to the file, which is how a test counts its effects.
[[nodiscard]] std::unique_ptr<tools::Tool> make_journal(std::filesystem::path file);

}  // namespace writ::orchestrator
#endif
