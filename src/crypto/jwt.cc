#include "crypto/jwt.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/encoding.h"

namespace writ::crypto {
namespace {

constexpr std::int64_t seconds_max = 253'402'300'799;  // the last second of the year 9999

std::unexpected<Error> refuse(std::string code, std::string message) {
  return fail(unauthenticated(std::move(code), std::move(message)));
}
std::unexpected<Error> malformed(const std::string& why) { return refuse("malformed_token", "not a token: " + why); }

Result<json::object> decode_object(std::string_view part, std::string_view name) {
  const auto text = from_base64url(part);
  if (!text) return malformed(std::string(name) + " is not base64url");
  auto value = parse_json(*text);
  if (!value || !value->is_object()) return malformed(std::string(name) + " is not a JSON object");
  return std::move(value->get_object());
}

struct Parts {
  std::string_view signed_text;  // header "." payload, as received
  std::string_view header, payload, signature;
};

std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;  // a third dot is refused with the signature's alphabet
  return Parts{token.substr(0, second), token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1)};
}

/// The key that the header names, once the header is one of ours.
Result<const PublicKey*> key_for(const json::object& header, const KeySet& keys, const JwtExpectations& expected) {
  if (header.contains("crit")) return refuse("critical_header_refused", "critical header extensions are not accepted");
  const auto algorithm = signature_algorithm_named(text_at(header, "alg"));
  if (!algorithm) return refuse("algorithm_refused", "only EdDSA and ES256 are accepted");
  if (expected.typ.empty() || text_at(header, "typ") != expected.typ)
    return refuse("wrong_token_type", "the token is of another type than " + expected.typ);
  const auto* key = keys.find(text_at(header, "kid"));
  if (key == nullptr) return refuse("unknown_kid", "no trusted key has the token's key id");
  if (key->algorithm() != *algorithm) return refuse("algorithm_refused", "the key is for another algorithm");
  return key;
}

/// A NumericDate; empty when absent.
Result<std::optional<WallTime>> time_claim(const json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  const auto* seconds = value->if_int64();
  if (seconds == nullptr || *seconds < 0 || *seconds > seconds_max)
    return malformed(std::string(name) + " is not a time in whole seconds");
  return WallTime{Seconds{*seconds}};
}

bool names_audience(const json::value* aud, std::string_view audience) {
  if (aud == nullptr || audience.empty()) return false;
  const auto same = [&](const json::value& one) { return one.is_string() && view(one.get_string()) == audience; };
  if (const auto* list = aud->if_array()) return std::ranges::any_of(*list, same);
  return same(*aud);
}

Status check_claims(const json::object& claims, const JwtExpectations& expected) {
  WRIT_TRY(const auto expires, time_claim(claims, "exp"));
  WRIT_TRY(const auto not_before, time_claim(claims, "nbf"));
  if (!expires) return malformed("exp is missing");
  if (expected.now >= *expires + expected.leeway) return refuse("token_expired", "the token has expired");
  if (not_before && expected.now + expected.leeway < *not_before)
    return refuse("token_not_yet_valid", "the token is not valid yet");
  if (expected.issuer.empty() || text_at(claims, "iss") != expected.issuer)
    return refuse("wrong_issuer", "the token comes from another issuer");
  if (!names_audience(claims.if_contains("aud"), expected.audience))
    return refuse("wrong_audience", "the token is meant for somebody else");
  return {};
}

}  // namespace

Result<std::string> sign_jwt(const SigningKey& key, const json::object& claims, std::string_view kid,
                             std::string_view typ) {
  json::object header;
  header["alg"] = jws_name(key.algorithm());
  header["typ"] = typ;
  header["kid"] = kid;
  auto token = to_base64url(to_text(header)) + "." + to_base64url(to_text(claims));
  WRIT_TRY(const auto signature, key.sign(token));
  token += "." + to_base64url(signature);
  if (token.size() > jwt_size_max)
    return fail(invalid("token_too_long", "the claims do not fit into a token of 8 KiB"));
  return token;
}

std::string key_id_of(std::string_view token) {
  const auto parts = token.size() > jwt_size_max ? std::nullopt : split(token);
  if (!parts) return {};
  const auto header = decode_object(parts->header, "the header");
  return header ? std::string(text_at(*header, "kid")) : std::string();
}

Result<json::object> verify_jwt(std::string_view token, const KeySet& keys, const JwtExpectations& expected) {
  if (token.size() > jwt_size_max) return refuse("token_too_long", "the token has more than 8 KiB");
  const auto parts = split(token);
  if (!parts) return malformed("it has not three parts");
  WRIT_TRY(const auto header, decode_object(parts->header, "the header"));
  WRIT_TRY(const auto* key, key_for(header, keys, expected));
  const auto signature = from_base64url(parts->signature);
  if (!signature) return malformed("the signature is not base64url");
  WRIT_CHECK(key->verify(parts->signed_text, *signature));
  WRIT_TRY(auto claims, decode_object(parts->payload, "the payload"));
  WRIT_CHECK(check_claims(claims, expected));
  return claims;
}

}  // namespace writ::crypto
