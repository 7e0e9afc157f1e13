#include "http/liveness.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace writ::http {

void watch_liveness(int socket, Seconds probe, Seconds gone) {
  constexpr int probes = 3;
  const auto set = [socket](int level, int name, int value) {
    (void)::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(probe.count()));
  set(IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, static_cast<int>(gone.count()) / probes));
  set(IPPROTO_TCP, TCP_KEEPCNT, probes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(Millis{gone}.count()));
}

}  // namespace writ::http
