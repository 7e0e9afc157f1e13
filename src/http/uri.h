// Percent-encoding, query strings and forms, and path templates.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace writ::http {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// Everything but RFC 3986's unreserved characters is encoded.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Nothing for a broken escape, for bytes that are not UTF-8, and for NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// Pairs of a query string or of a posted form, in order; "+" is a space. Errors: invalid (bad_encoding).
[[nodiscard]] Result<NamedTexts> parse_query(std::string_view text);
/// "a=1&b=x%20y"
[[nodiscard]] std::string format_query(const NamedTexts& pairs);

/// "name:80", "[::1]:80": as Host has it.
[[nodiscard]] std::string format_authority(std::string_view host, std::string_view port);

/// A path without its query, cut at slashes; "/" is one empty segment. Segments are still encoded.
[[nodiscard]] std::vector<std::string_view> split_path(std::string_view path);
/// The name in "{name}", "" for a literal segment.
[[nodiscard]] std::string_view template_name(std::string_view segment);
/// The names in a path template, in order.
[[nodiscard]] std::vector<std::string> template_names(std::string_view path_template);

}  // namespace writ::http
