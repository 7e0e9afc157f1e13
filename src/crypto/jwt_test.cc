#include "crypto/jwt.h"

#include <gtest/gtest.h>

#include "core/encoding.h"
#include "crypto/hash.h"

namespace writ::crypto {
namespace {

constexpr WallTime now{Seconds{1'800'000'000}};

std::string code_of(const Result<json::object>& result) {
  if (result) return "accepted";
  EXPECT_EQ(result.error().kind, ErrorKind::unauthenticated);
  return result.error().code;
}

class Jwt : public testing::Test {
 protected:
  Jwt() {
    keys_.add(key_.public_key());
    keys_.add(es256_.public_key());
  }

  json::object claims() const {
    return parse_json(R"({"iss":"https://issuer","aud":"gateway","sub":"dev","exp":1800000300,"nbf":1800000000})")
        .value()
        .as_object();
  }
  json::object header() const {
    json::object out;
    out["alg"] = "EdDSA";
    out["typ"] = "at+jwt";
    out["kid"] = key_.public_key().kid();
    return out;
  }
  // A token as an attacker or a careless issuer would write it: any texts, truly signed.
  std::string signed_token(std::string_view header, std::string_view payload) const {
    const auto text = to_base64url(header) + "." + to_base64url(payload);
    return text + "." + to_base64url(key_.sign(text).value());
  }
  std::string with_header(std::string_view name, json::value value) const {
    auto changed = header();
    changed[name] = std::move(value);
    return signed_token(to_text(changed), to_text(claims()));
  }
  std::string with_claim(std::string_view name, json::value value) const {
    auto changed = claims();
    changed[name] = std::move(value);
    return signed_token(to_text(header()), to_text(changed));
  }
  std::string good() const { return sign_jwt(key_, claims(), key_.public_key().kid(), "at+jwt").value(); }
  std::string verdict(std::string_view token) const { return code_of(verify_jwt(token, keys_, expected_)); }

  SigningKey key_ = SigningKey::generate(SignatureAlgorithm::ed25519, system_random()).value();
  SigningKey es256_ = SigningKey::generate(SignatureAlgorithm::es256, system_random()).value();
  KeySet keys_;
  JwtExpectations expected_{.issuer = "https://issuer", .audience = "gateway", .now = now, .typ = "at+jwt"};
};

TEST_F(Jwt, gives_the_claims_that_were_signed_under_both_algorithms) {
  for (const auto* key : {&key_, &es256_}) {
    const auto token = sign_jwt(*key, claims(), key->public_key().kid(), "at+jwt");
    ASSERT_TRUE(token);
    EXPECT_EQ(verify_jwt(*token, keys_, expected_).value(), claims());
  }
}

TEST_F(Jwt, refuses_the_algorithm_none_and_every_other_it_does_not_know) {
  for (const auto* alg : {"none", "None", "", "HS256", "RS256", "ES384", "eddsa"})
    EXPECT_EQ(verdict(with_header("alg", alg)), "algorithm_refused") << alg;
  EXPECT_EQ(verdict(with_header("alg", nullptr)), "algorithm_refused");
  auto none = header();
  none["alg"] = "none";
  EXPECT_EQ(verdict(to_base64url(to_text(none)) + "." + to_base64url(to_text(claims())) + "."), "algorithm_refused");
}

TEST_F(Jwt, refuses_an_algorithm_that_is_not_the_keys) {
  EXPECT_EQ(verdict(with_header("alg", "ES256")), "algorithm_refused");
  EXPECT_EQ(verdict(with_header("kid", json::value(json::string(es256_.public_key().kid())))), "algorithm_refused");
  // The public key as an HMAC secret.
  auto swapped = header();
  swapped["alg"] = "HS256";
  const auto text = to_base64url(to_text(swapped)) + "." + to_base64url(to_text(claims()));
  const auto mac = hmac_sha256(Secret(key_.public_key().raw()), text);
  EXPECT_EQ(verdict(text + "." + to_base64url(mac)), "algorithm_refused");
}

TEST_F(Jwt, refuses_a_changed_payload_header_or_signature) {
  const auto token = good();
  const auto first = token.find('.'), second = token.rfind('.');
  auto richer = claims();
  richer["sub"] = "admin";
  const auto payload = to_base64url(to_text(richer));
  EXPECT_EQ(verdict(token.substr(0, first + 1) + payload + token.substr(second)), "bad_signature");
  auto wider = header();
  wider["x"] = 1;
  EXPECT_EQ(verdict(to_base64url(to_text(wider)) + token.substr(first)), "bad_signature");
  EXPECT_EQ(verdict(token.substr(0, second + 1)), "bad_signature");
  EXPECT_EQ(verdict(token + "A"), "bad_signature");
  EXPECT_EQ(verdict(token.substr(0, second + 1) + to_base64url(std::string(64, '\0'))), "bad_signature");
}

TEST_F(Jwt, refuses_an_unknown_key_even_if_the_token_brings_it_along) {
  EXPECT_EQ(verdict(with_header("kid", "somebody")), "unknown_kid");
  EXPECT_EQ(verdict(with_header("kid", 7)), "unknown_kid");
  const auto stranger = SigningKey::generate(SignatureAlgorithm::ed25519, system_random()).value();
  auto forged = header();
  forged["kid"] = stranger.public_key().kid();
  forged["jwk"] = stranger.public_key().to_jwk();
  forged["jku"] = "https://evil/jwks";
  forged["x5u"] = "https://evil/cert";
  const auto sign_as_stranger = [&] {
    const auto text = to_base64url(to_text(forged)) + "." + to_base64url(to_text(claims()));
    return text + "." + to_base64url(stranger.sign(text).value());
  };
  EXPECT_EQ(verdict(sign_as_stranger()), "unknown_kid");
  forged["kid"] = key_.public_key().kid();
  EXPECT_EQ(verdict(sign_as_stranger()), "bad_signature");
  EXPECT_EQ(code_of(verify_jwt(good(), KeySet(), expected_)), "unknown_kid");
}

TEST_F(Jwt, refuses_critical_headers_and_other_types) {
  EXPECT_EQ(verdict(with_header("crit", json::array{"b64"})), "critical_header_refused");
  EXPECT_EQ(verdict(with_header("crit", json::array{})), "critical_header_refused");
  EXPECT_EQ(verdict(with_header("typ", "JWT")), "wrong_token_type");
  EXPECT_EQ(verdict(with_header("typ", nullptr)), "wrong_token_type");
  expected_.typ = "";
  EXPECT_EQ(verdict(with_header("typ", "")), "wrong_token_type");
}

TEST_F(Jwt, is_valid_from_nbf_to_exp_with_leeway_on_both_sides) {
  const auto at = [&](std::int64_t second) {
    expected_.now = WallTime{Seconds{second}};
    return verdict(good());
  };
  EXPECT_EQ(at(1'800'000'300 + 29), "accepted");
  EXPECT_EQ(at(1'800'000'300 + 30), "token_expired");
  EXPECT_EQ(at(1'800'000'000 - 30), "accepted");
  EXPECT_EQ(at(1'800'000'000 - 31), "token_not_yet_valid");
}

TEST_F(Jwt, demands_an_expiry_in_whole_seconds) {
  auto endless = claims();
  endless.erase("exp");
  EXPECT_EQ(verdict(signed_token(to_text(header()), to_text(endless))), "malformed_token");
  for (const json::value& bad : {json::value(nullptr), json::value("1800000300"), json::value(1.8e9 + 0.5),
                                 json::value(-1), json::value(INT64_MAX), json::value(UINT64_MAX)}) {
    EXPECT_EQ(verdict(with_claim("exp", bad)), "malformed_token") << to_text(bad);
    EXPECT_EQ(verdict(with_claim("nbf", bad)), "malformed_token") << to_text(bad);
  }
}

TEST_F(Jwt, refuses_another_issuer) {
  EXPECT_EQ(verdict(with_claim("iss", "https://issuer/")), "wrong_issuer");
  EXPECT_EQ(verdict(with_claim("iss", nullptr)), "wrong_issuer");
  expected_.issuer = "";
  EXPECT_EQ(verdict(with_claim("iss", "")), "wrong_issuer");
}

TEST_F(Jwt, refuses_another_audience) {
  EXPECT_EQ(verdict(with_claim("aud", json::array{"policy", "gateway"})), "accepted");
  for (const json::value& aud : {json::value("policy"), json::value(nullptr), json::value(json::array{}),
                                 json::value(json::array{"policy"}), json::value(json::object{{"gateway", 1}})})
    EXPECT_EQ(verdict(with_claim("aud", aud)), "wrong_audience") << to_text(aud);
  expected_.audience = "";
  EXPECT_EQ(verdict(with_claim("aud", "")), "wrong_audience");
}

TEST_F(Jwt, refuses_what_is_not_exactly_a_token) {
  const auto token = good();
  const auto first = token.find('.');
  for (const std::string& bad :
       {std::string(), std::string(".."), std::string("a.b"), token + ".", token + ".e30", token + "=", token + "\n",
        " " + token, token.substr(0, first) + "=" + token.substr(first), token.substr(0, first)})
    EXPECT_EQ(verdict(bad), "malformed_token") << bad;
}

TEST_F(Jwt, refuses_a_second_spelling_of_the_same_signature) {
  auto token = good();
  // 64 bytes leave four unused bits in the last character; 'A' 'Q' 'g' 'w' are the four with none set.
  ASSERT_NE(std::string("AQgw").find(token.back()), std::string::npos);
  token.back() = static_cast<char>(token.back() + 1);
  EXPECT_EQ(verdict(token), "malformed_token");
}

TEST_F(Jwt, refuses_a_header_or_payload_that_readers_could_read_differently) {
  const auto head = to_text(header()), body = to_text(claims());
  EXPECT_EQ(verdict(signed_token(head, R"({"sub":"a","sub":"b",)" + body.substr(1))), "malformed_token");
  EXPECT_EQ(verdict(signed_token(R"({"alg":"none",)" + head.substr(1), body)), "malformed_token");
  EXPECT_EQ(verdict(signed_token(head + "x", body)), "malformed_token");
  EXPECT_EQ(verdict(signed_token(head, "[]")), "malformed_token");
  EXPECT_EQ(verdict(signed_token("\"EdDSA\"", body)), "malformed_token");
  EXPECT_EQ(verdict(signed_token(head, "{\"sub\":\"\xff\"," + body.substr(1))), "malformed_token");
}

TEST_F(Jwt, has_at_most_eight_kibibytes) {
  EXPECT_EQ(verdict(with_claim("pad", json::string(4000, 'x'))), "accepted");
  EXPECT_EQ(verdict(with_claim("pad", json::string(6200, 'x'))), "token_too_long");
  auto fat = claims();
  fat["pad"] = json::string(6200, 'x');
  const auto token = sign_jwt(key_, fat, "k", "at+jwt");
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().code, "token_too_long");
}

}  // namespace
}  // namespace writ::crypto
