// The policy bundle that this binary ships.
#pragma once

#include <string_view>
#include <vector>

namespace writ::app {

struct BundleFile {
  std::string_view name;
  std::string_view text;
};
[[nodiscard]] const std::vector<BundleFile>& default_bundle();

}  // namespace writ::app
