// RequestFraming: where a request ends and whom it addresses, read so strictly that no proxy before us can read it otherwise.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "http/message.h"
#include "http/response.h"

namespace writ::http {

/// Whom a request addresses.
struct Addressed {
  std::string_view target;  // in origin form: "/v1/x?y"
  std::string_view host;  // "name", "name:port", "[::1]:port"; empty for HTTP/1.0 without one
};

/// What RFC 9112 lets a server forgive is refused here, because two readers that forgive differently see different
/// requests (request smuggling). `head.target` as it was sent. version: 10 or 11.
/// Refusals: bad_request for a body whose end is not exactly one Content-Length of digits or `Transfer-Encoding: chunked`
/// on HTTP/1.1, for a missing, second or malformed Host, for a target that is neither a path nor this host's URL, and for
/// a second header of which there may be one; expectation_failed. The connection is closed after each.
/// Source: RFC 9110 sections 7.2, 8.6, 10.1.1; RFC 9112 sections 3.2, 6.1, 6.3.
[[nodiscard]] std::expected<Addressed, Refusal> check_framing(const RequestHead& head, unsigned version);

/// Whether a header line continues on the next (obs-fold), which RFC 9112 section 5.2 lets a server refuse.
[[nodiscard]] bool has_folded_line(std::string_view lines);

/// What a chunked body may cost beside its data; one for each request.
class ChunkRules {
 public:
  static constexpr std::size_t line_max = 4096;  // bytes of an unfinished chunk or trailer line; ours have none
  /// False for an extension that is no text, or when all of them together are too long: they say nothing to us.
  [[nodiscard]] bool allow(std::string_view extension);

 private:
  static constexpr std::size_t extensions_max = 16 * 1024;  // bytes of one request
  std::size_t extensions_ = 0;
};

}  // namespace writ::http
