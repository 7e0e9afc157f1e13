// Doctor: looks at what a start needs and at what endangers it, and says how to mend what is wrong. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "app/all_settings.h"

namespace writ::app {

enum class Health { fine, warning, problem };
struct DoctorFinding {
  std::string check;    // "port", "model smollm2-135m-tools"
  Health health = Health::fine;
  std::string message;  // what is wrong and its fix; where it is fine, what was found
};

/// Settings, data folder, modes and links, disk space, port, processor, models. Blocks for seconds where a checksum must be
/// computed. running: whether a server runs on this data folder, which then has the port.
[[nodiscard]] std::vector<DoctorFinding> examine(const ReadSettings& read, bool running);

}  // namespace writ::app
