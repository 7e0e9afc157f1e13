// The bytes of an answer: head, chunks, and the refusals that HTTP itself knows beside the kinds of our errors.
#pragma once

#include <string>
#include <string_view>

#include "http/operation.h"
#include "http/reply.h"

namespace writ::http {

/// An answer that is an error. `status` 0: the error kind's own.
struct Refusal {
  Error error;
  int status = 0;
  std::string allow{};  // methods, for 405
};
[[nodiscard]] Refusal no_route(std::string_view path);
[[nodiscard]] Refusal method_not_allowed(std::string allow);
[[nodiscard]] Refusal unknown_method(std::string_view method);
[[nodiscard]] Refusal request_timeout();
[[nodiscard]] Refusal header_too_large(std::size_t header_max);
[[nodiscard]] Refusal too_many_headers(std::size_t headers_max);
[[nodiscard]] Refusal expectation_failed();
[[nodiscard]] Refusal body_too_large(std::size_t body_max);
[[nodiscard]] Refusal unsupported_encoding(std::string_view coding);
[[nodiscard]] Refusal too_many_connections();
[[nodiscard]] Refusal not_for_here();
[[nodiscard]] Refusal bad_request(std::string message);

/// The whole answer of an error in a dialect, without the headers of the connection.
[[nodiscard]] RawResponse error_response(Dialect dialect, const Refusal& refusal, std::string_view trace_id);

enum class Length { known, chunked, until_close };
/// What the connection adds to an answer's head.
struct HeadOptions {
  Length length = Length::known;
  bool close = false;
  bool http_1_0 = false;
  std::string_view request_id{};
  const Trace* trace = nullptr;
  std::string_view origin{};     // of the page that may read the answer; empty for none
  bool depends_on_origin = false;  // for caches
};
/// Appends status line and headers to `out`. Header values with line breaks are left out: they would forge headers.
void append_head(std::string& out, const RawResponse& response, const HeadOptions& options);
void append_chunk(std::string& out, std::string_view data);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";
inline constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace writ::http
