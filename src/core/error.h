// Operating errors as values: kind, stable code, problems, and what is known about the outcome of the call.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace writ {

/// What went wrong, in the few kinds that callers treat differently. The table in error.cc maps each to its
/// HTTP status, whether a retry may help, its log level and its metric label; no other file holds a status number.
enum class ErrorKind {
  invalid,           // the request does not match its schema
  unauthenticated,   // no or bad credentials
  forbidden,         // known caller, missing scope or grant, or denied by policy
  not_found,         // also: it belongs to another tenant
  conflict,          // state does not permit it (run_active, idempotency mismatch)
  too_large,         // body, header or content over its limit
  unsupported_media, // content type is not understood
  quota_exceeded,    // rate limit or budget; retry_after says when
  deadline,          // the caller's time is over
  cancelled,         // the caller went away
  unavailable,       // a dependency is down or a queue is full; retry_after may say when
  internal,          // a defect; its message stays in the process
};

/// Whether the effect of a failed call may have happened at the callee.
enum class Outcome { not_sent, refused, unknown };

/// One thing wrong with an input, at a JSON pointer (RFC 6901); "" is the whole document.
struct Problem {
  std::string pointer;
  std::string message;
  bool operator==(const Problem&) const = default;
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string code;     // stable, snake_case, listed per operation
  std::string message;  // for people; `internal` never shows it outside the process
  std::vector<Problem> problems{};
  std::optional<std::chrono::seconds> retry_after{};
  Outcome outcome = Outcome::refused;
  std::string where{};  // stays in the process

  bool operator==(const Error&) const = default;

  /// Adds what was being done, outermost first: "loading model: file not found".
  [[nodiscard]] Error&& while_doing(std::string_view action) &&;
};

/// One row of the kind table.
struct ErrorKindInfo {
  ErrorKind kind;
  std::string_view label;  // metric label and wire name
  int status;
  bool retryable;
  std::string_view log_level;  // debug | info | warn | error
  std::string_view title;      // RFC 9457 title
};
[[nodiscard]] const ErrorKindInfo& info(ErrorKind kind);
[[nodiscard]] std::optional<ErrorKind> error_kind_named(std::string_view label);
/// The kind a peer's HTTP status stands for, where the body does not say.
[[nodiscard]] ErrorKind error_kind_of_status(int status);

[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] std::optional<Outcome> outcome_named(std::string_view label);

// Shorthands; `message` is for people and says how to fix it where that is known.
[[nodiscard]] Error invalid(std::string code, std::string message, std::vector<Problem> problems = {});
[[nodiscard]] Error unauthenticated(std::string code, std::string message);
[[nodiscard]] Error forbidden(std::string code, std::string message);
[[nodiscard]] Error not_found(std::string code, std::string message);
[[nodiscard]] Error conflict(std::string code, std::string message);
[[nodiscard]] Error unavailable(std::string code, std::string message,
                                std::optional<std::chrono::seconds> retry_after = std::chrono::seconds{1});
[[nodiscard]] Error deadline_exceeded(std::string where);
[[nodiscard]] Error cancelled(std::string where);
[[nodiscard]] Error internal(std::string message, std::string where = {});

}  // namespace writ
