#include <openssl/core_names.h>
#include <openssl/params.h>

#include "core/encoding.h"
#include "crypto/hash.h"
#include "crypto/openssl_handles.h"
#include "crypto/signature.h"

namespace writ::crypto {
namespace {

constexpr std::size_t ed25519_size = 32, point_size = 1 + 2 * coordinate_size;
constexpr std::size_t signature_size = 64;
constexpr char uncompressed = '\x04';  // first byte of an uncompressed point (SEC 1, 2.3.3)

Error bad_public_key(std::string why) { return invalid("bad_public_key", std::move(why)); }
Error bad_jwk(std::string_view member, std::string why) {
  return invalid("bad_jwk", "not a public key in JWK form", {{pointer_to("", member), std::move(why)}});
}
Error bad_signature() { return unauthenticated("bad_signature", "the signature does not match"); }

Result<KeyPtr> load(SignatureAlgorithm algorithm, std::string_view raw) {
  const ErrorScope errors;
  if (algorithm == SignatureAlgorithm::ed25519) {
    if (raw.size() != ed25519_size) return fail(bad_public_key("an Ed25519 public key has 32 bytes"));
    KeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, data_of(raw), raw.size()));
    if (!key) return fail(errors.failure("loading an Ed25519 public key"));
    return key;
  }
  if (raw.size() != point_size || raw[0] != uncompressed)
    return fail(bad_public_key("a P-256 public key is an uncompressed point of 65 bytes"));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return fail(errors.failure("loading a P-256 public key"));
  char curve[] = "P-256";
  std::string point(raw);
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
                         OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                         OSSL_PARAM_construct_end()};
  EVP_PKEY* loaded = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &loaded, EVP_PKEY_PUBLIC_KEY, params) != 1)
    return fail(bad_public_key("the point is not on P-256"));
  return KeyPtr(loaded);
}

// The members that RFC 7638 hashes.
json::object required_members(SignatureAlgorithm algorithm, std::string_view raw) {
  json::object jwk;
  if (algorithm == SignatureAlgorithm::ed25519) {
    jwk["crv"] = "Ed25519";
    jwk["kty"] = "OKP";
    jwk["x"] = to_base64url(raw);
  } else {
    jwk["crv"] = "P-256";
    jwk["kty"] = "EC";
    jwk["x"] = to_base64url(raw.substr(1, coordinate_size));
    jwk["y"] = to_base64url(raw.substr(1 + coordinate_size));
  }
  return jwk;
}

// JOSE's r ‖ s as the DER that OpenSSL verifies; empty when it cannot be one.
std::string der_of(std::string_view signature) {
  const EcdsaSignaturePtr parts(ECDSA_SIG_new());
  BigNumberPtr r(BN_bin2bn(data_of(signature), coordinate_size, nullptr));
  BigNumberPtr s(BN_bin2bn(data_of(signature) + coordinate_size, coordinate_size, nullptr));
  if (!parts || !r || !s || ECDSA_SIG_set0(parts.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();  // now the signature's
  (void)s.release();
  const int size = i2d_ECDSA_SIG(parts.get(), nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = data_of(der);
  return i2d_ECDSA_SIG(parts.get(), &out) == size ? der : std::string();
}

Result<std::string> coordinate(const json::object& jwk, std::string_view member) {
  auto bytes = from_base64url(text_at(jwk, member));
  if (!bytes || bytes->size() != coordinate_size) return fail(bad_jwk(member, "must be 32 bytes in base64url"));
  return std::move(*bytes);
}

}  // namespace

std::string_view jws_name(SignatureAlgorithm algorithm) {
  return algorithm == SignatureAlgorithm::ed25519 ? "EdDSA" : "ES256";
}

std::optional<SignatureAlgorithm> signature_algorithm_named(std::string_view name) {
  for (auto algorithm : {SignatureAlgorithm::ed25519, SignatureAlgorithm::es256})
    if (name == jws_name(algorithm)) return algorithm;
  return std::nullopt;
}

struct PublicKey::State {
  SignatureAlgorithm algorithm;
  std::string raw;
  std::string kid;
  KeyPtr key;
};

PublicKey::PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<PublicKey> PublicKey::from_raw(SignatureAlgorithm algorithm, std::string_view raw) {
  WRIT_TRY(auto key, load(algorithm, raw));
  auto kid = to_base64url(sha256(canonical_json(required_members(algorithm, raw))));
  return PublicKey(std::make_shared<const State>(State{algorithm, std::string(raw), std::move(kid), std::move(key)}));
}

Result<PublicKey> PublicKey::from_jwk(const json::object& jwk) {
  if (jwk.contains("d")) return fail(bad_jwk("d", "this is a private key"));
  const auto kty = text_at(jwk, "kty"), crv = text_at(jwk, "crv");
  SignatureAlgorithm algorithm{};
  if (kty == "OKP" && crv == "Ed25519") algorithm = SignatureAlgorithm::ed25519;
  else if (kty == "EC" && crv == "P-256") algorithm = SignatureAlgorithm::es256;
  else return fail(bad_jwk("crv", "only Ed25519 (OKP) and P-256 (EC) are known"));
  if (jwk.contains("alg") && text_at(jwk, "alg") != jws_name(algorithm))
    return fail(bad_jwk("alg", "does not fit the curve"));
  if (jwk.contains("use") && text_at(jwk, "use") != "sig") return fail(bad_jwk("use", "must be sig"));

  WRIT_TRY(auto raw, coordinate(jwk, "x"));
  if (algorithm == SignatureAlgorithm::es256) {
    WRIT_TRY(const auto y, coordinate(jwk, "y"));
    raw = uncompressed + raw + y;
  }
  auto key = from_raw(algorithm, raw);
  if (!key && key.error().kind == ErrorKind::invalid) return fail(bad_jwk("x", key.error().message));
  return key;
}

json::object PublicKey::to_jwk() const {
  auto jwk = required_members(state_->algorithm, state_->raw);
  jwk["use"] = "sig";
  jwk["alg"] = jws_name(state_->algorithm);
  jwk["kid"] = state_->kid;
  return jwk;
}

SignatureAlgorithm PublicKey::algorithm() const { return state_->algorithm; }
const std::string& PublicKey::raw() const { return state_->raw; }
const std::string& PublicKey::kid() const { return state_->kid; }

Status PublicKey::verify(std::string_view bytes, std::string_view signature) const {
  if (signature.size() != signature_size) return fail(bad_signature());
  const ErrorScope errors;
  const bool ed25519 = state_->algorithm == SignatureAlgorithm::ed25519;
  const std::string form = ed25519 ? std::string(signature) : der_of(signature);
  const DigestContextPtr context(EVP_MD_CTX_new());
  // Ed25519 hashes by itself and takes no digest.
  const char* digest = ed25519 ? nullptr : "SHA256";
  if (form.empty() || !context ||
      EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, state_->key.get(), nullptr) != 1)
    return fail(errors.failure("verifying a signature"));
  // 0 is a wrong signature, less than 0 one of impossible form (r or s out of range).
  if (EVP_DigestVerify(context.get(), data_of(form), form.size(), data_of(bytes), bytes.size()) != 1)
    return fail(bad_signature());
  return {};
}

}  // namespace writ::crypto
