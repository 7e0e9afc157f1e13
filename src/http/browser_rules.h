// BrowserRules: which pages of which sites may speak to this server through somebody's browser (Host, Origin, CORS).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/response.h"

namespace writ::http {

/// Where the server listens decides what must be checked: an address that only this machine reaches is protected by nothing
/// but these rules from a page whose name was made to point to it (DNS rebinding).
struct BrowserRules {
  bool is_loopback = false;  // Host must name this machine or stand in `hosts`, an Origin must be known
  std::vector<std::string> hosts{};  // names, without port
  std::vector<std::string>
      origins{};  // exact: "https://app.example.com"; nothing else is ever answered with CORS headers

  /// Refusals: invalid (bad_host), forbidden (bad_origin).
  [[nodiscard]] std::optional<Refusal> check(const RequestHead& head, std::string_view host) const;
  /// The request's origin when it is one of `origins`, else "".
  [[nodiscard]] std::string_view allowed_origin(const RequestHead& head) const;
};

/// Whether an address or a Host header ("name", "name:port", "[::1]:port") is this machine's own.
[[nodiscard]] bool is_loopback_host(std::string_view host);

/// "https://app.example.com:8443": scheme, host and perhaps a port, nothing after; as browsers send it.
[[nodiscard]] bool is_origin(std::string_view text);

/// Whether the browser asks what it may send.
[[nodiscard]] bool is_preflight(const RequestHead& head);
/// methods: of the path, as in Allow. No credentials: tokens come in the Authorization header, never as cookies.
[[nodiscard]] RawResponse preflight_answer(std::string_view methods);

}  // namespace writ::http
