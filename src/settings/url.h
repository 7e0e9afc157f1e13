// Url: the address of an HTTP server, http(s)://host[:port][/path]; nothing else of RFC 3986.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace writ::settings {

enum class Scheme { http, https };

struct Url {
  Scheme scheme = Scheme::http;
  std::string host;         // lower case; an IPv6 address without its brackets
  std::uint16_t port = 80;  // 443 for https where the text names none
  std::string path;         // "" or "/…" without a slash at its end

  /// "host:port" for the Host header, with brackets around IPv6; the scheme's own port is left out.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string str() const;
  bool operator==(const Url&) const = default;
};

/// Errors: invalid (bad_url). User names, queries, fragments, spaces and port 0 are refused.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace writ::settings
