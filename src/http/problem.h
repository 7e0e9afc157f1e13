// Errors on the wire: problem+json (RFC 9457) and the OpenAI shape, written and read back.
#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "http/operation.h"

namespace writ::http {

/// {type, title, status, code, kind, detail, trace_id, problems?, retry_after?, outcome}. The detail of `internal` says
/// only to quote the trace id; `where` never leaves the process.
[[nodiscard]] json::object problem_document(const Error& error, std::string_view trace_id);
/// {"error": {"message", "type", "param", "code"}}
[[nodiscard]] json::object openai_error(const Error& error, std::string_view trace_id);
[[nodiscard]] json::object error_document(Dialect dialect, const Error& error, std::string_view trace_id);

/// The error a problem document tells. What does not parse becomes an error of the status' kind with code `http_<status>`.
[[nodiscard]] Error read_problem(int status, std::string_view body);

}  // namespace writ::http
