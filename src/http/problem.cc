#include "http/problem.h"

#include <array>

#include "core/encoding.h"

namespace writ::http {
namespace {

constexpr std::string_view hidden = "an internal error; quote the trace id when you report it";

std::string shown_message(const Error& error) {
  return error.kind == ErrorKind::internal ? std::string(hidden) : error.message;
}

// "/messages/0/content" is "messages[0].content" where OpenAI's clients look for it.
std::string openai_param(std::string_view pointer) {
  std::string out;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const auto part = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(part.size());
    if (!part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos)
      out.append("[").append(part).append("]");
    else out.append(out.empty() ? "" : ".").append(part);
  }
  return out;
}

std::string_view openai_type(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::unauthenticated: return "authentication_error";
    case ErrorKind::forbidden: return "permission_error";
    case ErrorKind::quota_exceeded: return "rate_limit_error";
    case ErrorKind::deadline:
    case ErrorKind::cancelled:
    case ErrorKind::unavailable:
    case ErrorKind::internal: return "server_error";
    default: return "invalid_request_error";
  }
}

std::vector<Problem> read_problems(const json::object& document) {
  constexpr std::size_t problems_max = 1000;  // a peer's answer does not grow our error without bound
  std::vector<Problem> out;
  const auto* list = document.if_contains("problems");
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& item : list->get_array()) {
    if (out.size() == problems_max) break;
    if (const auto* row = item.if_object())
      out.push_back({std::string(text_at(*row, "pointer")), std::string(text_at(*row, "message"))});
  }
  return out;
}

}  // namespace

json::object problem_document(const Error& error, std::string_view trace_id) {
  const auto& kind = info(error.kind);
  json::object out{{"type", "urn:writ:error:" + error.code},
                   {"title", kind.title},
                   {"status", kind.status},
                   {"code", error.code},
                   {"kind", kind.label},
                   {"detail", shown_message(error)}};
  if (!trace_id.empty()) out["trace_id"] = trace_id;
  if (!error.problems.empty() && error.kind != ErrorKind::internal) {
    json::array problems;
    for (const auto& p : error.problems)
      problems.push_back(json::object{{"pointer", p.pointer}, {"message", p.message}});
    out["problems"] = std::move(problems);
  }
  if (error.retry_after) out["retry_after"] = error.retry_after->count();
  out["outcome"] = to_string(error.outcome);
  return out;
}

json::object openai_error(const Error& error, std::string_view trace_id) {
  auto message = shown_message(error);
  const auto problems = error.kind == ErrorKind::internal ? std::vector<Problem>() : error.problems;
  for (const auto& p : problems)
    message += (p.pointer.empty() ? "; " : "; " + openai_param(p.pointer) + " ") + p.message;
  if (error.kind == ErrorKind::internal && !trace_id.empty()) message += " (" + std::string(trace_id) + ")";
  json::object body{{"message", message}, {"type", openai_type(error.kind)}, {"param", nullptr}, {"code", error.code}};
  if (!problems.empty() && !problems.front().pointer.empty()) body["param"] = openai_param(problems.front().pointer);
  return {{"error", std::move(body)}};
}

json::object error_document(Dialect dialect, const Error& error, std::string_view trace_id) {
  return dialect == Dialect::openai ? openai_error(error, trace_id) : problem_document(error, trace_id);
}

Error read_problem(int status, std::string_view body) {
  Error error;
  error.kind = error_kind_of_status(status);
  error.code = "http_" + std::to_string(status);
  error.message = "the peer answered " + std::to_string(status);
  const auto parsed = parse_json(body);
  const auto* document = parsed ? parsed->if_object() : nullptr;
  if (document == nullptr || text_at(*document, "code").empty()) {
    // Not one of ours, perhaps a proxy: nobody knows what happened behind it.
    error.outcome = Outcome::unknown;
    return error;
  }
  if (const auto kind = error_kind_named(text_at(*document, "kind"))) error.kind = *kind;
  error.code = text_at(*document, "code");
  error.message = text_at(*document, "detail");
  error.problems = read_problems(*document);
  if (const auto* after = document->if_contains("retry_after"); after != nullptr && after->is_int64())
    error.retry_after = std::chrono::seconds(after->get_int64());
  error.outcome = outcome_named(text_at(*document, "outcome")).value_or(Outcome::unknown);
  return error;
}

}  // namespace writ::http
