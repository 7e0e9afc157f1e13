// What every side of HTTP shares: header fields, the head of a request, and the protocol's own limits on text.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace writ::http {

/// One header line that we own (answers, client requests).
struct Header {
  std::string name;
  std::string value;
};
/// One header line inside a received head.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

/// ASCII letters without regard to case, as header names are compared.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

/// The head of a received request. Views are valid while the request is handled, which a handler cannot outlive.
struct RequestHead {
  std::string_view method;  // "GET"
  std::string_view target;  // as it was sent: path and query
  std::string_view peer;    // "127.0.0.1:51234"
  std::span<const HeaderView> headers;

  /// The first value under that name, "" when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// How often the name stands in the head: credentials that stand twice are ambiguous.
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] std::string_view path() const;
  /// Without the question mark; "" when there is none.
  [[nodiscard]] std::string_view query() const;
};

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view problem_type = "application/problem+json";
inline constexpr std::string_view sse_type = "text/event-stream";
inline constexpr std::string_view form_type = "application/x-www-form-urlencoded";

/// Whether a Content-Type names this media type, whatever its parameters.
[[nodiscard]] bool is_media_type(std::string_view content_type, std::string_view media_type);

}  // namespace writ::http
