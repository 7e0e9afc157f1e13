// RuntimeSettings: how a process starts, serves and stops.
#pragma once

#include "settings/setting.h"

namespace writ::runtime {

struct RuntimeSettings {
  std::uint32_t loops = 0;
  Millis stop_grace{};
  Millis stop_patience{};

  static constexpr auto settings() {
    using namespace writ::settings;
    using S = RuntimeSettings;
    return std::tuple(setting("WRIT_LOOPS", &S::loops, integer(0, 64), "0", "I/O threads; 0 is one for each core.",
                              "more only wait for one another"),
                      setting("WRIT_STOP_GRACE", &S::stop_grace, duration(Millis{0}, Seconds{60}), "0ms",
                              "How long to go on serving, already not ready, after SIGTERM; 5s behind a load balancer.",
                              "an orchestrator kills after its own patience"),
                      setting("WRIT_STOP_PATIENCE", &S::stop_patience, duration(Millis{100}, Seconds{300}), "10s",
                              "How long requests and background work may take to end.",
                              "an orchestrator kills after its own patience"));
  }
};

}  // namespace writ::runtime
