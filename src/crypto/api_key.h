// API keys: how they are made and how a mistyped one is told from an unknown one.
#pragma once

#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"

namespace writ::crypto {

/// Lets secret scanners recognise a leaked key.
inline constexpr std::string_view api_key_prefix = "writ_";

/// Shape: `writ_`, 52 characters that hold 256 random bits, 6 that check them; lower-case Crockford base32.
/// It is shown once and stored as hmac_sha256(pepper, key).
[[nodiscard]] Secret make_api_key(Random& random);

/// A text that make_api_key() may have given. Spends no look-up on what cannot be a key.
/// Errors: unauthenticated: malformed_api_key (prefix, length or alphabet), api_key_checksum (mistyped).
[[nodiscard]] Result<Secret> parse_api_key(std::string_view text);

}  // namespace writ::crypto
