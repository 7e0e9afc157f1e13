// The JSON value type of the product (Boost.JSON) and the few operations everybody needs on it.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "core/result.h"

namespace writ {

namespace json = boost::json;

/// Nesting deeper than this is refused: no wire type of ours is deeper than 16, tool schemas and arguments get the rest.
inline constexpr std::size_t json_depth_max = 32;

/// Strict RFC 8259 in UTF-8; duplicate keys are refused. Errors: invalid (bad_json) with the byte offset.
/// The value's memory comes from `storage`; short-lived documents are cheaper in a json::monotonic_resource.
[[nodiscard]] Result<json::value> parse_json(std::string_view text, const json::storage_ptr& storage = {});
[[nodiscard]] std::string to_text(const json::value& value);
/// RFC 8785: keys sorted by UTF-16 code units, shortest numbers. Only integers within ±2^53 and doubles are expected.
[[nodiscard]] std::string canonical_json(const json::value& value);

[[nodiscard]] inline std::string_view view(const json::string& s) { return {s.data(), s.size()}; }
/// A member's text, or "" when it is absent or not a string.
[[nodiscard]] std::string_view text_at(const json::object& object, std::string_view key);
/// `~` and `/` escaped as RFC 6901 wants.
[[nodiscard]] std::string pointer_to(std::string_view parent, std::string_view key);

}  // namespace writ
