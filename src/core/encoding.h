// Text encodings of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace writ {

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
/// RFC 4648 section 5 without padding.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);
/// RFC 4648 section 4, with padding (HTTP Basic).
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
/// Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view bytes);
/// The longest prefix that does not end inside a UTF-8 character.
[[nodiscard]] std::size_t utf8_complete_prefix(std::string_view bytes);

}  // namespace writ
