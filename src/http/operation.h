// Operation: one row of data that is the route, the decoder, the limits, the metrics labels, the OpenAPI entry and the
// typed client of a port method. An operation without exposure and access does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "async/channel.h"
#include "core/context.h"
#include "schema/codec.h"

namespace writ::http {

enum class Method { get, post, put, patch, del };
[[nodiscard]] constexpr std::string_view to_string(Method m) {
  constexpr std::array<std::string_view, 5> names{"GET", "POST", "PUT", "PATCH", "DELETE"};
  return names.at(static_cast<std::size_t>(m));
}

/// Who may reach it: outsiders (on the gateway's address), other services, or operators' probes.
class Exposure {
 public:
  enum class Kind { public_, internal, ops };
  consteval Exposure(Kind kind) : kind_(kind) {}
  [[nodiscard]] constexpr Kind kind() const { return kind_; }

 private:
  Kind kind_;
};
inline constexpr auto public_door = Exposure::Kind::public_;
inline constexpr auto internal_only = Exposure::Kind::internal;
inline constexpr auto ops_only = Exposure::Kind::ops;

/// The scope the principal needs, or the explicit `open`; `service_token` wants a caller that proved which service it is,
/// with or without a principal; `for_principal` wants both.
class Access {
 public:
  enum class Kind { open, service, service_for_principal, scope };
  consteval Access(Kind kind) : kind_(kind) {}
  consteval Access(const char* scope) : kind_(Kind::scope), scope_(scope) {}
  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr std::string_view scope() const { return scope_; }

 private:
  Kind kind_;
  std::string_view scope_;
};
inline constexpr auto open = Access::Kind::open;
inline constexpr auto service_token = Access::Kind::service;
inline constexpr auto for_principal = Access::Kind::service_for_principal;

/// Names of the services that may call an operation: an internal one names them, or it does not compile. Of a public one
/// they are who may forward it; the public door itself has no caller.
struct Callers {
  std::array<std::string_view, 6> names{};
  [[nodiscard]] constexpr bool any() const { return names[0].empty(); }
  [[nodiscard]] constexpr bool allows(std::string_view caller) const {
    if (any()) return true;
    for (auto name : names)
      if (!name.empty() && name == caller) return true;
    return false;
  }
};

/// The codes (Error::code) an operation may answer beside the general ones.
struct ErrorCodes {
  std::array<std::string_view, 10> codes{};
};

enum class Repeat { unsafe, idempotent };  // whether a client may send it again after an unknown outcome
enum class Audience { anyone, operators };  // of ops: whether ServerOptions::operators bounds who may ask
enum class Dialect { writ, openai };  // error shape and treatment of unknown fields
enum class Shape { unary, stream };  // one answer, or server-sent events

/// What does not depend on the types.
struct OperationInfo {
  std::string_view id;  // "policy.evaluate": metrics label, trace name, OpenAPI operationId
  Method method;
  std::string_view path;  // "/v1/runs/{run_id}/events": names in braces are fields of the request type
  std::string_view summary;
  Exposure exposure;
  Access access;
  Callers callers{};
  Millis deadline = Seconds{10};
  std::size_t body_max = 64 * 1024;  // bytes
  int success_status = 200;
  Repeat repeat = Repeat::unsafe;
  Dialect dialect = Dialect::writ;
  Audience audience = Audience::anyone;
  ErrorCodes errors{};
};

/// Not a constant, and so no operation, when its row lacks something; the compiler then shows the throw.
consteval OperationInfo checked(const OperationInfo& info) {
  if (info.exposure.kind() == Exposure::Kind::internal && info.callers.any())
    throw "an internal operation names its callers";
  if (info.exposure.kind() == Exposure::Kind::internal && info.access.kind() == Access::Kind::open)
    throw "an internal operation wants at least a service token";
  return info;
}

/// One request, one answer.
template <class In, class Out>
struct Unary {
  using Request = In;
  using Response = Out;
  consteval Unary(const OperationInfo& row) : info(checked(row)) {}
  OperationInfo info;
};

/// One request, many items. `Out` may have `std::optional<std::int64_t> stream_id() const`: the SSE id; a client's
/// Last-Event-ID then arrives in the request's field `after`.
template <class In, class Out>
struct Streaming {
  using Request = In;
  using Response = Out;
  consteval Streaming(const OperationInfo& row) : info(checked(row)) {}
  OperationInfo info;
};

/// A request or an answer without fields.
struct Nothing {
  static constexpr auto fields() { return std::tuple(); }
};

}  // namespace writ::http
