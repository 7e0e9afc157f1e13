// remember and recall: the built-in tools over recall-service.
#pragma once

#include <memory>

#include "recall/api/recall_port.h"
#include "tools/tool.h"

namespace writ::tools {

/// remember {key, value} → {saved, key}. Idempotent: the same key and value twice is the same memory.
[[nodiscard]] std::unique_ptr<Tool> make_remember(recall::RecallPort& recall);
/// recall {key} → {found, key, value?}. Idempotent.
[[nodiscard]] std::unique_ptr<Tool> make_recall(recall::RecallPort& recall);

}  // namespace writ::tools
