#include "core/error.h"

#include <array>
#include <utility>

#include "core/assert.h"

namespace writ {
namespace {

constexpr std::array<ErrorKindInfo, 12> kinds{{
    {ErrorKind::invalid, "invalid", 400, false, "info", "Bad Request"},
    {ErrorKind::unauthenticated, "unauthenticated", 401, false, "info", "Unauthorized"},
    {ErrorKind::forbidden, "forbidden", 403, false, "info", "Forbidden"},
    {ErrorKind::not_found, "not_found", 404, false, "info", "Not Found"},
    {ErrorKind::conflict, "conflict", 409, false, "info", "Conflict"},
    {ErrorKind::too_large, "too_large", 413, false, "info", "Content Too Large"},
    {ErrorKind::unsupported_media, "unsupported_media", 415, false, "info", "Unsupported Media Type"},
    {ErrorKind::quota_exceeded, "quota_exceeded", 429, true, "info", "Too Many Requests"},
    {ErrorKind::deadline, "deadline", 504, true, "warn", "Gateway Timeout"},
    {ErrorKind::cancelled, "cancelled", 499, false, "info", "Client Closed Request"},
    {ErrorKind::unavailable, "unavailable", 503, true, "warn", "Service Unavailable"},
    {ErrorKind::internal, "internal", 500, false, "error", "Internal Server Error"},
}};

Error make(ErrorKind kind, std::string code, std::string message) {
  Error e;
  e.kind = kind;
  e.code = std::move(code);
  e.message = std::move(message);
  return e;
}

}  // namespace

Error&& Error::while_doing(std::string_view action) && {
  message = std::string(action) + ": " + message;
  return std::move(*this);
}

const ErrorKindInfo& info(ErrorKind kind) {
  const auto& row = kinds.at(static_cast<std::size_t>(kind));
  WRIT_ASSERT(row.kind == kind, "the kind table is in the order of the enum");
  return row;
}

std::optional<ErrorKind> error_kind_named(std::string_view label) {
  for (const auto& row : kinds)
    if (row.label == label) return row.kind;
  return std::nullopt;
}

ErrorKind error_kind_of_status(int status) {
  for (const auto& row : kinds)
    if (row.status == status) return row.kind;
  if (status >= 400 && status < 500) return ErrorKind::invalid;
  return status == 502 ? ErrorKind::unavailable : ErrorKind::internal;
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::not_sent: return "not_sent";
    case Outcome::refused: return "refused";
    case Outcome::unknown: return "unknown";
  }
  return "unknown";
}

std::optional<Outcome> outcome_named(std::string_view label) {
  for (auto o : {Outcome::not_sent, Outcome::refused, Outcome::unknown})
    if (to_string(o) == label) return o;
  return std::nullopt;
}

Error invalid(std::string code, std::string message, std::vector<Problem> problems) {
  auto e = make(ErrorKind::invalid, std::move(code), std::move(message));
  e.problems = std::move(problems);
  return e;
}
Error unauthenticated(std::string code, std::string message) {
  return make(ErrorKind::unauthenticated, std::move(code), std::move(message));
}
Error forbidden(std::string code, std::string message) {
  return make(ErrorKind::forbidden, std::move(code), std::move(message));
}
Error not_found(std::string code, std::string message) {
  return make(ErrorKind::not_found, std::move(code), std::move(message));
}
Error conflict(std::string code, std::string message) {
  return make(ErrorKind::conflict, std::move(code), std::move(message));
}
Error unavailable(std::string code, std::string message, std::optional<std::chrono::seconds> retry_after) {
  auto e = make(ErrorKind::unavailable, std::move(code), std::move(message));
  e.retry_after = retry_after;
  return e;
}
Error deadline_exceeded(std::string where) {
  auto e = make(ErrorKind::deadline, "deadline_exceeded", "the time for this request is over");
  e.where = std::move(where);
  return e;
}
Error cancelled(std::string where) {
  auto e = make(ErrorKind::cancelled, "cancelled", "the request was cancelled");
  e.where = std::move(where);
  return e;
}
Error internal(std::string message, std::string where) {
  auto e = make(ErrorKind::internal, "internal", std::move(message));
  e.where = std::move(where);
  return e;
}

}  // namespace writ
