// Owners of OpenSSL's objects and the scope that keeps its per-thread error queue clean; for this room's sources only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "core/error.h"

namespace writ::crypto {

inline constexpr std::size_t coordinate_size = 32;  // bytes of a coordinate of a point on P-256

template <auto release>
struct Released {
  template <class T>
  void operator()(T* object) const noexcept {
    release(object);
  }
};

using BigNumberPtr = std::unique_ptr<BIGNUM, Released<BN_clear_free>>;
using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, Released<EVP_CIPHER_CTX_free>>;
using CurvePtr = std::unique_ptr<EC_GROUP, Released<EC_GROUP_free>>;
using CurvePointPtr = std::unique_ptr<EC_POINT, Released<EC_POINT_clear_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Released<EVP_MD_CTX_free>>;
using EcdsaSignaturePtr = std::unique_ptr<ECDSA_SIG, Released<ECDSA_SIG_free>>;
using KdfContextPtr = std::unique_ptr<EVP_KDF_CTX, Released<EVP_KDF_CTX_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Released<EVP_PKEY_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Released<EVP_PKEY_free>>;
using MacContextPtr = std::unique_ptr<EVP_MAC_CTX, Released<EVP_MAC_CTX_free>>;

inline const unsigned char* data_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* data_of(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

/// Removes what OpenSSL queued since it was made: TLS on the same thread would take a left-over for its own failure.
class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }
  ~ErrorScope() { ERR_pop_to_mark(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;

  /// An `internal` error with OpenSSL's newest reason.
  [[nodiscard]] Error failure(std::string_view doing) const {
    char reason[256] = "no reason given";
    if (const auto code = ERR_peek_last_error(); code != 0) ERR_error_string_n(code, reason, sizeof reason);
    return internal("OpenSSL failed: " + std::string(reason), std::string(doing));
  }
};

}  // namespace writ::crypto
