#include "crypto/aead.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <openssl/crypto.h>

#include "core/assert.h"
#include "crypto/openssl_handles.h"

namespace writ::crypto {
namespace {

constexpr std::size_t nonce_size = 12, tag_size = 16;
static_assert(aead_overhead == nonce_size + tag_size);

const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  WRIT_ASSERT(algorithm != nullptr, "OpenSSL's default provider has AES-256-GCM");
  return algorithm;
}

Error wrong_key_size() { return internal("an AEAD key has 32 bytes", "aead"); }
Error broken() { return invalid("seal_broken", "the sealed data was changed or belongs to another key or place"); }

// `associated` is bounded like the plain text, by the callers below.
int length_of(std::string_view bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

Result<std::string> aead_seal(const Secret& key, std::string_view plain, std::string_view associated, Random& random) {
  if (key.reveal().size() != aead_key_size) return fail(wrong_key_size());
  if (plain.size() > aead_plain_max || associated.size() > aead_plain_max)
    return fail(Error{.kind = ErrorKind::too_large, .code = "seal_too_large", .message = "more than 1 GiB to seal"});
  std::array<std::uint8_t, nonce_size> nonce{};
  random.fill(nonce);

  const ErrorScope errors;
  const CipherContextPtr context(EVP_CIPHER_CTX_new());
  std::string out(nonce_size + plain.size() + tag_size, '\0');
  std::ranges::copy(nonce, data_of(out));
  int n = 0;
  const bool ok =
      context && EVP_EncryptInit_ex2(context.get(), cipher(), data_of(key.reveal()), nonce.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &n, data_of(associated), length_of(associated)) == 1 &&
      EVP_EncryptUpdate(context.get(), data_of(out) + nonce_size, &n, data_of(plain), length_of(plain)) == 1 &&
      EVP_EncryptFinal_ex(context.get(), data_of(out) + nonce_size + plain.size(), &n) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, int{tag_size},
                          data_of(out) + nonce_size + plain.size()) == 1;
  if (!ok) return fail(errors.failure("aead_seal"));
  return out;
}

Result<std::string> aead_open(const Secret& key, std::string_view sealed, std::string_view associated) {
  if (key.reveal().size() != aead_key_size) return fail(wrong_key_size());
  if (sealed.size() < aead_overhead || sealed.size() > aead_plain_max + aead_overhead ||
      associated.size() > aead_plain_max)
    return fail(broken());
  const auto nonce = sealed.substr(0, nonce_size);
  const auto text = sealed.substr(nonce_size, sealed.size() - aead_overhead);
  std::string tag(sealed.substr(sealed.size() - tag_size));

  const ErrorScope errors;
  const CipherContextPtr context(EVP_CIPHER_CTX_new());
  std::string plain(text.size(), '\0');
  int n = 0;
  const bool ready =
      context && EVP_DecryptInit_ex2(context.get(), cipher(), data_of(key.reveal()), data_of(nonce), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &n, data_of(associated), length_of(associated)) == 1 &&
      EVP_DecryptUpdate(context.get(), data_of(plain), &n, data_of(text), length_of(text)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, int{tag_size}, tag.data()) == 1;
  const bool authentic = ready && EVP_DecryptFinal_ex(context.get(), data_of(plain) + plain.size(), &n) == 1;
  if (!authentic) OPENSSL_cleanse(plain.data(), plain.size());  // unauthenticated plain text never leaves
  if (!ready) return fail(errors.failure("aead_open"));
  if (!authentic) return fail(broken());
  return plain;
}

}  // namespace writ::crypto
