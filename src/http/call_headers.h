// What a request's head says about the call itself: ids, trace, time, idempotency.
#pragma once

#include <optional>
#include <string>

#include "core/context.h"
#include "http/message.h"

namespace writ::http {

struct CallHeaders {
  std::string request_id;  // the client's X-Request-ID, else the trace id
  Trace trace;             // of `traceparent`; else a new trace id without a span
  std::optional<Millis> timeout;  // Writ-Timeout
  std::string idempotency_key;
};

/// `problems` tells what the head has wrong ("" pointers: heads are no documents); the rest is usable in any case.
struct ReadCallHeaders {
  CallHeaders headers;
  std::vector<Problem> problems;
};
[[nodiscard]] ReadCallHeaders read_call_headers(const RequestHead& head);

/// "1250ms" or "5s". Nothing when it is neither, or more than a day.
[[nodiscard]] std::optional<Millis> parse_timeout(std::string_view text);
[[nodiscard]] std::string format_timeout(Millis timeout);

}  // namespace writ::http
