#include "crypto/key_set.h"

#include <fmt/format.h>

namespace writ::crypto {
namespace {

constexpr std::size_t kid_size_max = 128;  // bytes; ours have 43

Error bad_jwks(std::string pointer, std::string why) {
  return invalid("bad_jwks", "not a JSON Web Key Set", {{std::move(pointer), std::move(why)}});
}

bool understood(const json::object& jwk) {
  const auto kty = text_at(jwk, "kty"), crv = text_at(jwk, "crv");
  const bool known_kind = (kty == "OKP" && crv == "Ed25519") || (kty == "EC" && crv == "P-256");
  return known_kind && (!jwk.contains("use") || text_at(jwk, "use") == "sig");
}

}  // namespace

Result<KeySet> KeySet::from_jwks(const json::value& jwks) {
  const auto* object = jwks.if_object();
  const auto* keys = object == nullptr ? nullptr : object->if_contains("keys");
  if (keys == nullptr || !keys->is_array()) return fail(bad_jwks("/keys", "must be an array"));
  if (keys->get_array().size() > key_set_keys_max)
    return fail(bad_jwks("/keys", fmt::format("more than {} keys", key_set_keys_max)));
  KeySet out;
  for (std::size_t i = 0; const auto& item : keys->get_array()) {
    const auto pointer = fmt::format("/keys/{}", i++);
    const auto* jwk = item.if_object();
    if (jwk == nullptr) return fail(bad_jwks(pointer, "must be an object"));
    if (!understood(*jwk)) continue;
    auto key = PublicKey::from_jwk(*jwk);
    if (!key) {
      auto error = std::move(key).error();
      for (auto& problem : error.problems) problem.pointer = pointer + problem.pointer;
      if (error.kind == ErrorKind::invalid) error.code = "bad_jwks";
      return fail(std::move(error));
    }
    const std::string kid(jwk->contains("kid") ? text_at(*jwk, "kid") : std::string_view(key->kid()));
    if (kid.empty() || kid.size() > kid_size_max) return fail(bad_jwks(pointer + "/kid", "must have 1 to 128 bytes"));
    if (!out.keys_.emplace(kid, std::move(*key)).second) return fail(bad_jwks(pointer + "/kid", "stands twice"));
  }
  return out;
}

json::object KeySet::to_jwks() const {
  json::array keys;
  for (const auto& [kid, key] : keys_) {
    auto jwk = key.to_jwk();
    jwk["kid"] = kid;
    keys.push_back(std::move(jwk));
  }
  json::object out;
  out["keys"] = std::move(keys);
  return out;
}

void KeySet::add(PublicKey key) {
  auto kid = key.kid();
  keys_.insert_or_assign(std::move(kid), std::move(key));
}

const PublicKey* KeySet::find(std::string_view kid) const {
  const auto it = keys_.find(kid);
  return it == keys_.end() ? nullptr : &it->second;
}

}  // namespace writ::crypto
