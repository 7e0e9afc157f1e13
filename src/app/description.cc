#include "app/description.h"

#include <string>

#include "core/error.h"
#include "policy/api/audit_kinds.h"

namespace writ::app {
namespace {

std::string_view exposure_name(http::Exposure::Kind kind) {
  switch (kind) {
    case http::Exposure::Kind::public_: return "public";
    case http::Exposure::Kind::internal: return "internal";
    case http::Exposure::Kind::ops: return "ops";
  }
  return "";
}

std::string_view access_name(const http::Access& access) {
  switch (access.kind()) {
    case http::Access::Kind::open: return "open";
    case http::Access::Kind::service: return "service token";
    case http::Access::Kind::service_for_principal: return "service token, principal";
    case http::Access::Kind::scope: return access.scope();
  }
  return "";
}

}  // namespace

json::object row_of(std::string_view service, const http::Route& route) {
  const auto& operation = route.info;
  const auto names = [](const auto& list) {
    std::string out;
    for (auto name : list)
      if (!name.empty()) out += (out.empty() ? "" : ", ") + std::string(name);
    return out;
  };
  const auto access = access_name(operation.access);
  return {{"operation", operation.id},
          {"service", service},
          {"method", http::to_string(operation.method)},
          {"path", operation.path},
          {"answer", route.shape == http::Shape::stream ? "stream" : "unary"},
          {"exposure", exposure_name(operation.exposure.kind())},
          {"access", access},
          {"callers", names(operation.callers.names)},
          {"deadline_ms", operation.deadline.count()},
          {"body_max", operation.body_max},
          {"errors", names(operation.errors.codes)},
          {"summary", operation.summary}};
}

json::array error_rows() {
  json::array errors;
  constexpr auto last = static_cast<int>(ErrorKind::internal);
  for (int kind = 0; kind <= last; ++kind) {
    const auto& row = writ::info(static_cast<ErrorKind>(kind));
    errors.push_back(
        {{"kind", row.label}, {"status", row.status}, {"retryable", row.retryable}, {"log_level", row.log_level}});
  }
  return errors;
}

json::array audit_kind_rows() {
  json::array kinds;
  for (const auto& row : policy::audit_kinds)
    kinds.push_back({{"kind", row.kind}, {"told_by", row.told_by}, {"meaning", row.meaning}});
  return kinds;
}

}  // namespace writ::app
