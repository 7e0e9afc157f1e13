// Catalogue: every variable that any service knows, so that a misspelt one stops the start instead of being ignored.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "settings/environment.h"
#include "settings/setting.h"

namespace writ::settings {

class Catalogue {
 public:
  /// `section` is the service, or "shared". Asserts that names begin with WRIT_ (or are PORT, TEMPORAL_ENABLED), stand
  /// once, and do not look like a variable that Kubernetes makes for its services.
  template <HasSettings T>
  void add(std::string_view section) {
    for (const auto& row : rows_of<T>()) add_row(section, row);
  }
  /// A variable of the past: setting it is a warning that says what to do instead.
  void retire(std::string_view variable, std::string_view instead);
  /// A variable that only scripts around the binary read (set-up, tests); the binary takes no notice.
  void for_scripts(std::string_view variable);

  struct Findings {
    std::vector<Problem> problems;  // unknown WRIT_* variables, with the nearest known name
    std::vector<Problem> warnings;  // retired ones
  };
  /// By name. `pointer` is the variable's name.
  [[nodiscard]] Findings check(const Environment& environment) const;

  /// [{variable, section, type, default?, required, min?, max?, choices?, file_variable?, doc, reason?}], by name.
  [[nodiscard]] json::array describe() const;

 private:
  struct Row {
    std::string section;
    SettingInfo info;
  };
  void add_row(std::string_view section, const SettingInfo& info);
  [[nodiscard]] std::string nearest(std::string_view variable) const;

  std::map<std::string, Row, std::less<>> rows_;
  std::map<std::string, std::string, std::less<>> retired_;
  std::set<std::string, std::less<>> known_;  // every name that may be set, `_FILE` variants too
};

/// Whether Kubernetes makes a variable of this name for a service called writ-…: WRIT_*_SERVICE_HOST, _SERVICE_PORT*,
/// _PORT, _PORT_*.
[[nodiscard]] bool is_service_link(std::string_view variable);

}  // namespace writ::settings
