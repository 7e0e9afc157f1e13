#include <array>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include "crypto/openssl_handles.h"
#include "crypto/signature.h"

namespace writ::crypto {
namespace {

constexpr std::size_t private_size = 32;

Error bad_private_key(std::string why) { return invalid("bad_private_key", std::move(why)); }

struct Loaded {
  KeyPtr key;
  std::string public_raw;
};

Result<Loaded> load_ed25519(const Secret& raw) {
  const ErrorScope errors;
  KeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, data_of(raw.reveal()), raw.reveal().size()));
  std::string public_raw(32, '\0');
  std::size_t size = public_raw.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), data_of(public_raw), &size) != 1 || size != public_raw.size())
    return fail(errors.failure("loading an Ed25519 private key"));
  return Loaded{std::move(key), std::move(public_raw)};
}

// The uncompressed point scalar·G.
Result<std::string> public_point(const EC_GROUP* curve, const BIGNUM* scalar) {
  const ErrorScope errors;
  const CurvePointPtr point(EC_POINT_new(curve));
  std::string out(1 + 2 * coordinate_size, '\0');
  if (!point || EC_POINT_mul(curve, point.get(), scalar, nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_point2oct(curve, point.get(), POINT_CONVERSION_UNCOMPRESSED, data_of(out), out.size(), nullptr) !=
          out.size())
    return fail(errors.failure("computing a P-256 public key"));
  return out;
}

Result<Loaded> load_es256(const Secret& raw) {
  const ErrorScope errors;
  const CurvePtr curve(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const BigNumberPtr scalar(BN_bin2bn(data_of(raw.reveal()), private_size, nullptr));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  if (!curve || !scalar || !context || EVP_PKEY_fromdata_init(context.get()) != 1)
    return fail(errors.failure("loading a P-256 private key"));
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  if (BN_is_zero(scalar.get()) || BN_cmp(scalar.get(), EC_GROUP_get0_order(curve.get())) >= 0)
    return fail(bad_private_key("the number is not between 1 and the order of P-256"));
  WRIT_TRY(auto point, public_point(curve.get(), scalar.get()));

  char name[] = "P-256";
  std::array<unsigned char, private_size> native{};  // OSSL_PARAM takes numbers in the machine's byte order
  BN_bn2nativepad(scalar.get(), native.data(), int{private_size});
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                         OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                         OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native.data(), native.size()),
                         OSSL_PARAM_construct_end()};
  EVP_PKEY* loaded = nullptr;
  const int ok = EVP_PKEY_fromdata(context.get(), &loaded, EVP_PKEY_KEYPAIR, params);
  OPENSSL_cleanse(native.data(), native.size());
  if (ok != 1) return fail(errors.failure("loading a P-256 private key"));
  return Loaded{KeyPtr(loaded), std::move(point)};
}

// OpenSSL's DER as JOSE's r ‖ s.
Result<std::string> jose_form(std::string_view der) {
  const ErrorScope errors;
  const auto* in = data_of(der);
  const EcdsaSignaturePtr parts(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
  std::string out(2 * coordinate_size, '\0');
  if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), data_of(out), int{coordinate_size}) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), data_of(out) + coordinate_size, int{coordinate_size}) < 0)
    return fail(errors.failure("reading an ECDSA signature"));
  return out;
}

}  // namespace

struct SigningKey::State {
  Secret raw;
  PublicKey public_key;
  KeyPtr key;
};

SigningKey::SigningKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<SigningKey> SigningKey::from_raw(SignatureAlgorithm algorithm, const Secret& raw) {
  if (raw.reveal().size() != private_size) return fail(bad_private_key("a private key has 32 bytes"));
  WRIT_TRY(auto loaded, algorithm == SignatureAlgorithm::ed25519 ? load_ed25519(raw) : load_es256(raw));
  WRIT_TRY(auto public_key, PublicKey::from_raw(algorithm, loaded.public_raw));
  return SigningKey(std::make_shared<const State>(State{raw, std::move(public_key), std::move(loaded.key)}));
}

Result<SigningKey> SigningKey::generate(SignatureAlgorithm algorithm, Random& random) {
  // One in 2^32 numbers is not a P-256 scalar; eight in a row mean that the source is broken.
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::array<std::uint8_t, private_size> bytes{};
    random.fill(bytes);
    const Secret raw(std::string(bytes.begin(), bytes.end()));
    OPENSSL_cleanse(bytes.data(), bytes.size());
    auto key = from_raw(algorithm, raw);
    if (key || key.error().kind == ErrorKind::internal) return key;
  }
  return fail(internal("the random source gives no private key", "SigningKey::generate"));
}

const Secret& SigningKey::raw() const { return state_->raw; }
const PublicKey& SigningKey::public_key() const { return state_->public_key; }

Result<std::string> SigningKey::sign(std::string_view bytes) const {
  const ErrorScope errors;
  const bool ed25519 = algorithm() == SignatureAlgorithm::ed25519;
  const DigestContextPtr context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(state_->key.get())), '\0');
  std::size_t size = signature.size();
  if (!context ||
      EVP_DigestSignInit_ex(context.get(), nullptr, ed25519 ? nullptr : "SHA256", nullptr, nullptr, state_->key.get(),
                            nullptr) != 1 ||
      EVP_DigestSign(context.get(), data_of(signature), &size, data_of(bytes), bytes.size()) != 1)
    return fail(errors.failure("signing"));
  signature.resize(size);
  return ed25519 ? Result<std::string>(std::move(signature)) : jose_form(signature);
}

}  // namespace writ::crypto
