// SHA-256 and what is built on it: HMAC, HKDF; and the comparison that takes the same time whatever differs.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace writ::crypto {

inline constexpr std::size_t sha256_size = 32;  // bytes

/// 32 raw bytes.
[[nodiscard]] std::string sha256(std::string_view bytes);
/// 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// SHA-256 over pieces. Thread: one at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& update(std::string_view bytes);
  /// 32 raw bytes; the object then begins a new hash.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 32 raw bytes (RFC 2104). Also the keyed hash under which credentials are stored.
[[nodiscard]] std::string hmac_sha256(const Secret& key, std::string_view bytes);

/// `length` bytes, 1..8160, derived from a key of full entropy (RFC 5869); never for passwords.
[[nodiscard]] Secret hkdf_sha256(const Secret& key, std::string_view salt, std::string_view info, std::size_t length);

/// Time depends on the lengths alone.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace writ::crypto
