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
/// The text of one of its files, "" when there is none of that name.
[[nodiscard]] std::string_view default_bundle_file(std::string_view name);

}  // namespace writ::app
