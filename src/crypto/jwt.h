// JSON Web Tokens in compact form, signed with EdDSA or ES256 (RFC 7515, 7519, 8725).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"
#include "crypto/key_set.h"
#include "crypto/signature.h"

namespace writ::crypto {

/// A token travels in a header, and headers are bounded; ours have about 600 bytes.
inline constexpr std::size_t jwt_size_max = 8192;  // bytes

/// What a token must say to be accepted. An empty issuer, audience or typ accepts nothing.
struct JwtExpectations {
  std::string issuer;
  std::string audience;  // must be `aud` or one of its items
  WallTime now;
  Seconds leeway{30};      // the clocks of two of our machines differ by less
  std::string typ{"JWT"};  // exact, so that a token of one purpose never passes as another's
};

/// Claims as they are; `exp` is the caller's to set. kid: under which verifiers find the key, else they refuse.
/// Errors: invalid (token_too_long), internal.
[[nodiscard]] Result<std::string> sign_jwt(const SigningKey& key, const json::object& claims, std::string_view kid,
                                           std::string_view typ);

/// The key id that a token names; nothing about it is checked. Empty when it names none or is no token.
[[nodiscard]] std::string key_id_of(std::string_view token);

/// The claims of a token that passed every check. Nothing in the token chooses the key but `kid`, and nothing chooses
/// the algorithm but the key; jku, jwk, x5u and x5c are never followed. `exp` is demanded; `exp` and `nbf` are whole
/// seconds.
/// Errors, all unauthenticated: token_too_long, malformed_token, critical_header_refused, algorithm_refused,
/// wrong_token_type, unknown_kid, bad_signature, token_expired, token_not_yet_valid, wrong_issuer, wrong_audience.
/// Thread: any.
[[nodiscard]] Result<json::object> verify_jwt(std::string_view token, const KeySet& keys,
                                              const JwtExpectations& expected);

}  // namespace writ::crypto
