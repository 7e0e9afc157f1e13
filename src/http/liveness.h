// Liveness: how soon TCP notices that the machine at the other end has gone without a word.
#pragma once

#include "core/clock.h"

namespace writ::http {

inline constexpr Seconds probe_after{30};     // silence before TCP asks whether the peer is there
inline constexpr Seconds peer_gone_after{30};  // bytes or probes without an answer: three heartbeats are two too many

/// Keep-alive probes and a bound on unacknowledged bytes. What the kernel does not know is left out.
void watch_liveness(int socket, Seconds probe = probe_after, Seconds gone = peer_gone_after);

}  // namespace writ::http
