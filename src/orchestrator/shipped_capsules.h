// The capsules that are built into the program; the list is made from capsules/*.json at configure time.
#pragma once

#include <span>
#include <string_view>

namespace writ::orchestrator {

[[nodiscard]] std::span<const std::string_view> shipped_capsules();

}  // namespace writ::orchestrator
