// What the product says about itself, as rows: operations, error kinds, kinds of audit records.
#pragma once

#include <string_view>

#include "core/json.h"
#include "http/routes.h"

namespace writ::app {

/// One operation as `writ describe` shows it.
[[nodiscard]] json::object row_of(std::string_view service, const http::Route& route);
[[nodiscard]] json::array error_rows();
[[nodiscard]] json::array audit_kind_rows();

}  // namespace writ::app
