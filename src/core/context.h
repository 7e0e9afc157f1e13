// Context: who asks, on whose behalf, until when, and under which trace; passed first, by value, to every operation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/id.h"

namespace writ {

enum class PrincipalKind { user, agent, service };

/// What a principal showed. Its revocation ends what it began; what is empty does not apply.
struct Credential {
  KeyId key_id{};                        // the API key that it came from, itself or by way of tokens
  std::string token_id{};                // `jti` of the token that was shown
  std::int64_t generation = 0;           // of the principal's credentials; a revocation of the principal raises it
  std::optional<WallTime> expires_at{};  // of the token
  std::vector<std::string> made_by{};    // subjects of the same tenant that issued the token for somebody else
  bool operator==(const Credential&) const = default;
};

/// A verified identity. `act` lists who acts for it, nearest first (RFC 8693).
struct Principal {
  TenantId tenant;
  Subject subject;
  PrincipalKind kind = PrincipalKind::user;
  std::vector<std::string> scopes;
  std::vector<std::string> act;
  Credential credential{};

  [[nodiscard]] bool has_scope(std::string_view scope) const {
    return std::ranges::any_of(scopes, [&](const auto& s) { return s == scope || s == "*"; });
  }
  bool operator==(const Principal&) const = default;
};

/// W3C trace context: 16 and 8 bytes in hex.
struct Trace {
  std::string trace_id;
  std::string span_id;
};

/// Time out, cancellation and trace of one request. Copies share the cancellation.
struct Context {
  Principal principal;          // on whose behalf
  std::string caller;           // the service that calls, such as "orchestrator"; empty at the public door
  SteadyTime deadline = SteadyTime::max();
  std::stop_token cancel;       // requested when the client goes away or the process stops
  Trace trace;
  std::string idempotency_key;  // of the client, empty if none

  [[nodiscard]] const TenantId& tenant() const { return principal.tenant; }
  [[nodiscard]] Millis remaining() const {
    if (deadline == SteadyTime::max()) return Millis::max() / 4;
    return std::chrono::duration_cast<Millis>(deadline - system_clock().steady());
  }
  [[nodiscard]] bool expired() const { return remaining() <= Millis::zero(); }
  /// The same request with no more time than `cap`.
  [[nodiscard]] Context within(Millis cap) const {
    auto copy = *this;
    copy.deadline = std::min(deadline, system_clock().steady() + cap);
    return copy;
  }
};

}  // namespace writ
