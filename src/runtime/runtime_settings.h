// RuntimeSettings: how a process starts, serves and stops.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "settings/setting.h"

namespace writ::runtime {

struct RuntimeSettings {
  std::uint32_t loops = 0;
  Millis stop_grace{};
  Millis stop_patience{};
  std::uint32_t connections = 0, peer_connections = 0;
  std::vector<std::string> hosts, origins;
  std::string metrics_from;

  static constexpr std::array<std::string_view, 3> metrics_places{"auto", "anywhere", "this_machine"};

  static constexpr auto settings() {
    using namespace writ::settings;
    using S = RuntimeSettings;
    return std::tuple(
        setting("WRIT_LOOPS", &S::loops, integer(0, 64), "0", "I/O threads; 0 is one for each core.",
                "more only wait for one another"),
        setting("WRIT_STOP_GRACE", &S::stop_grace, duration(Millis{0}, Seconds{60}), "0ms",
                "How long to go on serving, already not ready, after SIGTERM; 5s behind a load balancer.",
                "an orchestrator kills after its own patience"),
        setting("WRIT_STOP_PATIENCE", &S::stop_patience, duration(Millis{100}, Seconds{300}), "10s",
                "How long requests and background work may take to end.",
                "an orchestrator kills after its own patience"),
        setting("WRIT_HTTP_CONNECTIONS", &S::connections, integer(16, 1'000'000), "4096",
                "Connections at once; the limit of open files is raised to it.",
                "below, probes and a few clients do not fit; each connection costs up to 40 KiB"),
        setting("WRIT_HTTP_CONNECTIONS_PER_ADDRESS", &S::peer_connections, integer(1, 1'000'000), "1024",
                "Connections of one address at once, in equal shares on the loops; then its longest idle "
                "one is closed. Raise it behind a proxy, which is one address for all.",
                "as many as all"),
        setting("WRIT_HTTP_ORIGINS", &S::origins, list(0, 64), unset,
                "Pages that may ask through a browser (CORS): exact origins such as "
                "https://app.example.com, separated by commas. None unless set.",
                "each is compared with every request's"),
        setting("WRIT_HTTP_HOSTS", &S::hosts, list(0, 64), unset,
                "Names beside localhost under which a server on the loopback is asked, such as a proxy's "
                "own; a Host header with another is refused (DNS rebinding).",
                "each is compared with every request's"),
        setting("WRIT_METRICS_FROM", &S::metrics_from, choice(metrics_places), "auto",
                "Who may read /metrics: anywhere, or this_machine. auto: this_machine where outsiders reach "
                "the gateway's address, else anywhere."));
  }
};

}  // namespace writ::runtime
