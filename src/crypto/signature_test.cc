#include "crypto/signature.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "core/encoding.h"
#include "crypto/key_set.h"

namespace writ::crypto {
namespace {

constexpr std::array algorithms{SignatureAlgorithm::ed25519, SignatureAlgorithm::es256};

std::string bytes_of(std::string_view hex) { return from_hex(hex).value(); }
SigningKey ed25519(std::string_view seed_hex) {
  return SigningKey::from_raw(SignatureAlgorithm::ed25519, Secret(bytes_of(seed_hex))).value();
}
SigningKey fresh(SignatureAlgorithm algorithm) { return SigningKey::generate(algorithm, system_random()).value(); }
json::object object(std::string_view text) { return parse_json(text).value().as_object(); }

// RFC 7515, appendix A.3.
const char* const es256_jwk = R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                  "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
const char* const ed25519_jwk = R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

TEST(Ed25519, gives_the_signatures_of_rfc_8032) {
  const auto first = ed25519("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  EXPECT_EQ(to_hex(first.public_key().raw()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(to_hex(first.sign("").value()),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25"
            "bf5f0595bbe24655141438e7a100b");
  const auto second = ed25519("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  EXPECT_EQ(to_hex(second.sign("\x72").value()),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b"
            "2eaeb4302aeeb00d291612bb0c00");
}

TEST(Ed25519, has_the_jwk_and_thumbprint_of_rfc_8037) {
  const auto key = ed25519("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").public_key();
  EXPECT_EQ(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(PublicKey::from_jwk(object(ed25519_jwk)).value(), key);
  const auto signature =
      from_base64url("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  EXPECT_TRUE(key.verify("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", signature.value()));
}

TEST(Es256, verifies_the_signature_of_rfc_7515_and_derives_its_public_key) {
  const auto key = PublicKey::from_jwk(object(es256_jwk)).value();
  const auto signature =
      from_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_TRUE(
      key.verify("eyJhbGciOiJFUzI1NiJ9."
                 "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
                 "cnVlfQ",
                 signature.value()));
  const Secret d(from_base64url("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").value());
  EXPECT_EQ(SigningKey::from_raw(SignatureAlgorithm::es256, d).value().public_key(), key);
}

TEST(Signature, verifies_only_the_signed_bytes_under_the_signing_key) {
  for (auto algorithm : algorithms) {
    const auto key = fresh(algorithm), other = fresh(algorithm);
    const auto signature = key.sign("bytes").value();
    EXPECT_EQ(signature.size(), 64U);
    EXPECT_TRUE(key.public_key().verify("bytes", signature));
    EXPECT_EQ(key.public_key().verify("byteS", signature).error().code, "bad_signature");
    EXPECT_EQ(other.public_key().verify("bytes", signature).error().code, "bad_signature");
    for (std::size_t i = 0; i < signature.size(); ++i) {
      auto changed = signature;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_FALSE(key.public_key().verify("bytes", changed)) << i;
    }
    for (const std::string& impossible :
         {std::string(), std::string(64, '\0'), std::string(64, '\xff'), signature + "x", signature.substr(1)})
      EXPECT_EQ(key.public_key().verify("bytes", impossible).error().kind, ErrorKind::unauthenticated);
  }
}

TEST(Signature, leaves_nothing_in_the_error_queue_that_tls_reads) {
  for (auto algorithm : algorithms) {
    EXPECT_FALSE(fresh(algorithm).public_key().verify("bytes", std::string(64, '\xff')));
    EXPECT_EQ(ERR_peek_error(), 0U);
  }
  EXPECT_FALSE(PublicKey::from_raw(SignatureAlgorithm::es256, "\x04" + std::string(64, 'x')));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(SigningKey, comes_back_from_its_raw_form) {
  for (auto algorithm : algorithms) {
    const auto key = fresh(algorithm);
    const auto again = SigningKey::from_raw(algorithm, key.raw()).value();
    EXPECT_EQ(again.public_key(), key.public_key());
    EXPECT_TRUE(key.public_key().verify("x", again.sign("x").value()));
    EXPECT_NE(fresh(algorithm).public_key(), key.public_key());
  }
}

TEST(SigningKey, refuses_numbers_that_are_no_p256_scalar) {
  const auto order = bytes_of("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  for (const std::string& raw : {std::string(32, '\0'), order, std::string(32, '\xff'), std::string(31, 'x')})
    EXPECT_EQ(SigningKey::from_raw(SignatureAlgorithm::es256, Secret(raw)).error().code, "bad_private_key");
  EXPECT_EQ(SigningKey::from_raw(SignatureAlgorithm::ed25519, Secret("short")).error().code, "bad_private_key");
}

TEST(SigningKey, gives_up_on_a_random_source_that_is_stuck) {
  struct Stuck final : Random {
    void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, std::uint8_t{0xFF}); }
  } stuck;
  EXPECT_EQ(SigningKey::generate(SignatureAlgorithm::es256, stuck).error().kind, ErrorKind::internal);
}

TEST(PublicKey, comes_back_from_its_jwk) {
  for (auto algorithm : algorithms) {
    const auto key = fresh(algorithm).public_key();
    const auto jwk = key.to_jwk();
    EXPECT_EQ(text_at(jwk, "kid"), key.kid());
    EXPECT_EQ(text_at(jwk, "alg"), jws_name(algorithm));
    EXPECT_EQ(PublicKey::from_jwk(jwk).value(), key);
    EXPECT_EQ(PublicKey::from_raw(algorithm, key.raw()).value(), key);
  }
}

TEST(PublicKey, takes_raw_keys_in_one_form_only) {
  const auto code = [](SignatureAlgorithm algorithm, const std::string& raw) {
    return PublicKey::from_raw(algorithm, raw).error().code;
  };
  EXPECT_EQ(code(SignatureAlgorithm::ed25519, std::string(31, 'x')), "bad_public_key");
  const auto point = fresh(SignatureAlgorithm::es256).public_key().raw();
  const bool odd = (static_cast<unsigned char>(point.back()) & 1U) != 0;
  // Compressed and hybrid points.
  EXPECT_EQ(code(SignatureAlgorithm::es256, (odd ? '\x03' : '\x02') + point.substr(1, 32)), "bad_public_key");
  EXPECT_EQ(code(SignatureAlgorithm::es256, (odd ? '\x07' : '\x06') + point.substr(1)), "bad_public_key");
  EXPECT_EQ(code(SignatureAlgorithm::es256, ""), "bad_public_key");
}

TEST(PublicKey, refuses_a_jwk_that_is_not_one_and_says_where) {
  const auto changed = [](const char* base, std::string_view member, json::value value) {
    auto jwk = object(base);
    jwk[member] = std::move(value);
    const auto key = PublicKey::from_jwk(jwk);
    if (key) return std::string("accepted");
    EXPECT_EQ(key.error().code, "bad_jwk");
    return key.error().problems.at(0).pointer;
  };
  EXPECT_EQ(changed(es256_jwk, "d", "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"), "/d");
  EXPECT_EQ(changed(es256_jwk, "crv", "P-384"), "/crv");
  EXPECT_EQ(changed(es256_jwk, "kty", "OKP"), "/crv");
  EXPECT_EQ(changed(es256_jwk, "alg", "EdDSA"), "/alg");
  EXPECT_EQ(changed(es256_jwk, "use", "enc"), "/use");
  EXPECT_EQ(changed(es256_jwk, "y", "x_FE"), "/y");
  EXPECT_EQ(changed(es256_jwk, "y", 7), "/y");
  EXPECT_EQ(changed(es256_jwk, "y", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), "/x");  // not on the curve
  EXPECT_EQ(changed(ed25519_jwk, "x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"), "/x");  // stray bits
}

TEST(KeySet, comes_back_from_its_jwks_and_finds_by_kid) {
  KeySet keys;
  const auto a = fresh(SignatureAlgorithm::ed25519).public_key(), b = fresh(SignatureAlgorithm::es256).public_key();
  keys.add(a);
  keys.add(b);
  keys.add(a);
  const auto again = KeySet::from_jwks(keys.to_jwks()).value();
  EXPECT_EQ(again.size(), 2U);
  ASSERT_NE(again.find(b.kid()), nullptr);
  EXPECT_EQ(*again.find(b.kid()), b);
  EXPECT_EQ(again.find("other"), nullptr);
  EXPECT_EQ(again.find(""), nullptr);
}

TEST(KeySet, leaves_out_keys_it_does_not_know_and_refuses_broken_ones) {
  const auto read = [](std::string_view text) -> std::string {
    const auto keys = KeySet::from_jwks(parse_json(text).value());
    if (keys) return std::to_string(keys->size());
    EXPECT_EQ(keys.error().code, "bad_jwks");
    return keys.error().problems.at(0).pointer;
  };
  const std::string good = ed25519_jwk;
  EXPECT_EQ(read(R"({"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"},{"kty":"oct","k":"AA"},)" + good + "]}"), "1");
  EXPECT_EQ(read(R"({"keys":[{"kty":"EC","crv":"P-256","use":"enc"}]})"), "0");
  EXPECT_EQ(read(R"({"keys":[)" + good + R"(,{"kty":"EC","crv":"P-256"}]})"), "/keys/1/x");
  EXPECT_EQ(read(R"({"keys":[)" + good + "," + good + "]}"), "/keys/1/kid");
  EXPECT_EQ(read(R"({"keys":[7]})"), "/keys/0");
  for (const std::string& kid : {std::string(), std::string(129, 'k')})
    EXPECT_EQ(read(R"({"keys":[{"kid":")" + kid + "\"," + good.substr(1) + "]}"), "/keys/0/kid");
  EXPECT_EQ(read("{}"), "/keys");
  EXPECT_EQ(read("[]"), "/keys");
  std::string many = "{";
  for (std::size_t i = 0; i < key_set_keys_max; ++i) many += "},{";
  EXPECT_EQ(read(R"({"keys":[)" + many + "}]}"), "/keys");
}

}  // namespace
}  // namespace writ::crypto
