// Authenticated encryption: AES-256-GCM with a random nonce.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"

namespace writ::crypto {

inline constexpr std::size_t aead_key_size = 32;  // bytes
/// More is refused: the cipher is for keys, messages and blobs, which sit in memory whole.
inline constexpr std::size_t aead_plain_max = std::size_t{1} << 30U;  // bytes
/// What sealing adds: a nonce of 12 bytes in front and a tag of 16 behind.
inline constexpr std::size_t aead_overhead = 28;  // bytes

/// Shape: nonce ‖ ciphertext ‖ tag. `associated` is authenticated but not stored; opening needs the same bytes.
/// One key serves at most 2^32 calls, for the nonces are random (NIST SP 800-38D).
/// Errors: too_large (seal_too_large), internal (key of the wrong size).
[[nodiscard]] Result<std::string> aead_seal(const Secret& key, std::string_view plain, std::string_view associated,
                                            Random& random);

/// Errors: invalid (seal_broken) for another key, other associated bytes or a changed, cut or foreign text;
/// internal (key of the wrong size).
[[nodiscard]] Result<std::string> aead_open(const Secret& key, std::string_view sealed, std::string_view associated);

}  // namespace writ::crypto
