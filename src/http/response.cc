#include "http/response.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>
#include <boost/beast/http/status.hpp>

#include "http/problem.h"
#include "observability/span.h"

namespace writ::http {
namespace {

namespace beast_http = boost::beast::http;

// What HTTP has no kind of ours for. These and the kind table in core are the only status numbers.
constexpr int status_method_not_allowed = 405, status_request_timeout = 408, status_header_too_large = 431,
              status_not_implemented = 501, status_unauthorized = 401, status_expectation_failed = 417;

Error make(ErrorKind kind, std::string code, std::string message) {
  Error e;
  e.kind = kind;
  e.code = std::move(code);
  e.message = std::move(message);
  return e;
}

// "Mon, 23 Nov 2026 20:01:05 GMT", written once a second and thread.
std::string_view date_now() {
  thread_local std::time_t written = 0;
  thread_local std::string text;
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now != written) {
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    gmtime_r(&now, &parts);
    text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days.at(static_cast<std::size_t>(parts.tm_wday)),
                       parts.tm_mday, months.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
    written = now;
  }
  return text;
}

bool one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Refusal no_route(std::string_view path) {
  return {not_found("no_route", "there is nothing at " + std::string(path.substr(0, 256)))};
}
Refusal method_not_allowed(std::string allow) {
  return {make(ErrorKind::invalid, "method_not_allowed", "this path takes " + allow), status_method_not_allowed, allow};
}
Refusal unknown_method(std::string_view method) {
  return {
      make(ErrorKind::invalid, "unknown_method", "the method " + std::string(method.substr(0, 32)) + " is not known"),
      status_not_implemented};
}
Refusal request_timeout() {
  return {make(ErrorKind::deadline, "request_timeout", "the request came too slowly"), status_request_timeout};
}
Refusal header_too_large(std::size_t header_max) {
  return {make(ErrorKind::too_large, "header_too_large", fmt::format("the head is larger than {} bytes", header_max)),
          status_header_too_large};
}
Refusal too_many_headers(std::size_t headers_max) {
  return {make(ErrorKind::too_large, "header_too_large", fmt::format("the head has more than {} headers", headers_max)),
          status_header_too_large};
}
Refusal expectation_failed() {
  return {make(ErrorKind::invalid, "expectation_failed", "Expect is 100-continue or absent"),
          status_expectation_failed};
}
Refusal body_too_large(std::size_t body_max) {
  return {make(ErrorKind::too_large, "body_too_large", fmt::format("the body is larger than {} bytes", body_max))};
}
Refusal unsupported_encoding(std::string_view coding) {
  return {make(ErrorKind::unsupported_media, "unsupported_encoding",
               "send the body without Content-Encoding " + std::string(coding.substr(0, 32)))};
}
Refusal too_many_connections() {
  return {unavailable("connections_max", "all connections of this server are at work")};
}
Refusal not_for_here() {
  return {forbidden("operators_only", "only this machine may ask for it here; WRIT_METRICS_FROM=anywhere opens it")};
}
Refusal bad_request(std::string message) { return {make(ErrorKind::invalid, "bad_request", std::move(message))}; }

RawResponse error_response(Dialect dialect, const Refusal& refusal, std::string_view trace_id) {
  RawResponse out;
  out.status = refusal.status != 0 ? refusal.status : info(refusal.error.kind).status;
  auto document = error_document(dialect, refusal.error, trace_id);
  if (dialect == Dialect::writ) {
    out.content_type = problem_type;
    if (refusal.status != 0) {
      document["status"] = refusal.status;
      document["title"] = beast_http::obsolete_reason(beast_http::int_to_status(static_cast<unsigned>(refusal.status)));
    }
  }
  out.body = to_text(document);
  if (!refusal.allow.empty()) out.headers.push_back({"Allow", refusal.allow});
  if (out.status == status_unauthorized) out.headers.push_back({"WWW-Authenticate", "Bearer"});
  if (refusal.error.retry_after)
    out.headers.push_back({"Retry-After", std::to_string(refusal.error.retry_after->count())});
  return out;
}

void append_head(std::string& out, const RawResponse& response, const HeadOptions& options) {
  const auto code = static_cast<unsigned>(response.status);
  const bool is_cancelled = response.status == info(ErrorKind::cancelled).status;  // not a registered status
  const std::string_view registered = beast_http::obsolete_reason(beast_http::int_to_status(code));
  const auto reason = is_cancelled ? info(ErrorKind::cancelled).title : registered;
  out.append("HTTP/1.1 ").append(std::to_string(code)).append(" ").append(reason).append("\r\n");
  append_header(out, "Date", date_now());
  if (!response.content_type.empty() && one_line(response.content_type))
    append_header(out, "Content-Type", response.content_type);
  if (options.length == Length::known && (code >= 200 && code != 204 && code != 304))
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  if (options.length == Length::chunked) append_header(out, "Transfer-Encoding", "chunked");
  if (options.close) append_header(out, "Connection", "close");
  else if (options.http_1_0) append_header(out, "Connection", "keep-alive");
  if (!options.request_id.empty()) append_header(out, "X-Request-ID", options.request_id);
  if (options.trace != nullptr && !options.trace->span_id.empty())
    append_header(out, "traceparent", observability::format_traceparent(*options.trace));
  bool cached = false;
  for (const auto& header : response.headers) {
    if (!one_line(header.name) || !one_line(header.value)) continue;
    cached = cached || same_name(header.name, "Cache-Control");
    append_header(out, header.name, header.value);
  }
  if (!options.origin.empty()) {
    append_header(out, "Access-Control-Allow-Origin", options.origin);
    append_header(out, "Access-Control-Expose-Headers", "Retry-After, X-Request-ID, traceparent");
  }
  if (options.depends_on_origin) append_header(out, "Vary", "Origin");
  if (!cached) append_header(out, "Cache-Control", "no-store");
  if (options.length != Length::known) append_header(out, "X-Accel-Buffering", "no");  // proxies pass items at once
  out.append("X-Content-Type-Options: nosniff\r\n\r\n");
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;  // an empty chunk would end the body
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", data.size());
  out.append(data).append("\r\n");
}

}  // namespace writ::http
