// OpenAPI 3.1 from routes: nothing in it is written by hand.
#pragma once

#include "core/json.h"
#include "http/route_set.h"

namespace writ::http {

struct ApiInfo {
  std::string title;
  std::string version;
  std::string description;
};

/// Operations in the order of their paths; schemas as components; security from each operation's access.
[[nodiscard]] json::object openapi(const RouteSet& routes, const ApiInfo& info);

}  // namespace writ::http
