#include "crypto/hash.h"

#include <array>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "core/assert.h"
#include "core/encoding.h"
#include "crypto/openssl_handles.h"

namespace writ::crypto {
namespace {

// Fetched once, since a fetch costs more than a short hash. Never freed: OpenSSL's own clean-up runs at exit.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  WRIT_ASSERT(algorithm != nullptr, "OpenSSL's default provider has SHA-256");
  return algorithm;
}

EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  WRIT_ASSERT(algorithm != nullptr, "OpenSSL's default provider has HMAC");
  return algorithm;
}

EVP_KDF* hkdf_algorithm() {
  static EVP_KDF* const algorithm = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  WRIT_ASSERT(algorithm != nullptr, "OpenSSL's default provider has HKDF");
  return algorithm;
}

OSSL_PARAM octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

// OSSL_PARAM wants a mutable pointer; nothing writes through it.
OSSL_PARAM with_sha256(const char* name) {
  return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>("SHA256"), 0);
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(sha256_size, '\0');
  const int ok = EVP_Digest(bytes.data(), bytes.size(), data_of(digest), nullptr, sha256_algorithm(), nullptr);
  WRIT_ASSERT(ok == 1, "SHA-256 of bytes in memory cannot fail");
  return digest;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

struct Sha256::State {
  DigestContextPtr context{EVP_MD_CTX_new()};
  void begin() const {
    WRIT_ASSERT(context && EVP_DigestInit_ex(context.get(), sha256_algorithm(), nullptr) == 1, "SHA-256 can begin");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { state_->begin(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(std::string_view bytes) {
  WRIT_ASSERT(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1,
              "SHA-256 of bytes in memory cannot fail");
  return *this;
}

std::string Sha256::finish() {
  std::string digest(sha256_size, '\0');
  WRIT_ASSERT(EVP_DigestFinal_ex(state_->context.get(), data_of(digest), nullptr) == 1, "SHA-256 can end");
  state_->begin();
  return digest;
}

std::string hmac_sha256(const Secret& key, std::string_view bytes) {
  const OSSL_PARAM params[] = {with_sha256(OSSL_MAC_PARAM_DIGEST), OSSL_PARAM_construct_end()};
  const MacContextPtr context(EVP_MAC_CTX_new(hmac_algorithm()));
  std::string mac(sha256_size, '\0');
  std::size_t written = 0;
  const bool ok = context && EVP_MAC_init(context.get(), data_of(key.reveal()), key.reveal().size(), params) == 1 &&
                  EVP_MAC_update(context.get(), data_of(bytes), bytes.size()) == 1 &&
                  EVP_MAC_final(context.get(), data_of(mac), &written, mac.size()) == 1;
  WRIT_ASSERT(ok && written == sha256_size, "HMAC of bytes in memory cannot fail");
  return mac;
}

Secret hkdf_sha256(const Secret& key, std::string_view salt, std::string_view info, std::size_t length) {
  WRIT_ASSERT(length >= 1 && length <= 255 * sha256_size, "HKDF gives 1 to 255 blocks");
  const std::array params{with_sha256(OSSL_KDF_PARAM_DIGEST), octets(OSSL_KDF_PARAM_KEY, key.reveal()),
                          octets(OSSL_KDF_PARAM_SALT, salt), octets(OSSL_KDF_PARAM_INFO, info),
                          OSSL_PARAM_construct_end()};
  const KdfContextPtr context(EVP_KDF_CTX_new(hkdf_algorithm()));
  std::string derived(length, '\0');
  WRIT_ASSERT(context && EVP_KDF_derive(context.get(), data_of(derived), length, params.data()) == 1,
              "HKDF of bytes in memory cannot fail");
  return Secret(std::move(derived));
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace writ::crypto
