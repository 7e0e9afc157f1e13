#include "crypto/key_ring.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "core/encoding.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

namespace writ::crypto {
namespace {

constexpr std::int64_t format_version = 1;
constexpr std::size_t salt_size = 16;  // bytes; each seal has its own key, so a nonce never meets a key twice

Error undecryptable(std::string why) {
  return invalid("key_ring_undecryptable",
                 "the key ring cannot be opened (" + std::move(why) +
                     "): give the key-encryption key it was sealed with, or restore the ring from a backup");
}

Status check_key(const Secret& key_encryption_key) {
  if (key_encryption_key.reveal().size() >= key_encryption_key_min) return {};
  return fail(invalid("key_encryption_key_too_short",
                      fmt::format("the key-encryption key must have {} bytes or more; `openssl rand -hex 32` makes one",
                                  key_encryption_key_min)));
}

Secret sealing_key(const Secret& key_encryption_key, std::string_view salt) {
  return hkdf_sha256(key_encryption_key, salt, "writ key ring v1", aead_key_size);
}

struct StoredKey {
  PublicKey key;
  WallTime created_at;
};

Result<StoredKey> stored_key(const json::value& item) {
  const auto* object = item.if_object();
  const auto* jwk = object == nullptr ? nullptr : object->if_contains("jwk");
  if (jwk == nullptr || !jwk->is_object()) return fail(undecryptable("it holds no key"));
  WRIT_TRY(auto key, PublicKey::from_jwk(jwk->get_object()));
  WRIT_TRY(const auto created_at, parse_rfc3339(text_at(*object, "created_at")));
  return StoredKey{std::move(key), created_at};
}

json::object stored_form(const PublicKey& key, WallTime created_at) {
  json::object out;
  out["jwk"] = key.to_jwk();
  out["created_at"] = to_rfc3339(created_at);
  return out;
}

/// The envelope as an object, unless a later version wrote it. An earlier one never did, so it fails as changed bytes.
Result<json::object> envelope_of(std::string_view sealed) {
  auto parsed = parse_json(sealed);
  if (!parsed || !parsed->is_object()) return fail(undecryptable("it is not JSON"));
  auto& envelope = parsed->get_object();
  const auto* version = envelope.if_contains("version");
  if (version == nullptr || !version->is_int64()) return fail(undecryptable("it has no version"));
  if (version->get_int64() > format_version)
    return fail(invalid("key_ring_unsupported", "the key ring was written by a newer version of writ: use that one"));
  return std::move(envelope);
}

}  // namespace

Result<KeyRing> KeyRing::create(SignatureAlgorithm algorithm, WallTime now, Random& random) {
  WRIT_TRY(auto key, SigningKey::generate(algorithm, random));
  return KeyRing(std::move(key), now);
}

KeySet KeyRing::public_keys(WallTime now) const {
  KeySet out;
  out.add(active_.public_key());
  for (const auto& past : past_)
    if (past.state(now) == KeyState::previous) out.add(past.key);
  return out;
}

KeySet KeyRing::all_public_keys() const {
  KeySet out;
  out.add(active_.public_key());
  for (const auto& past : past_) out.add(past.key);
  return out;
}

Status KeyRing::rotate(WallTime now, Seconds overlap, Random& random) {
  if (past_.size() + 1 >= key_ring_keys_max)
    return fail(conflict("key_ring_full", "the key ring holds as many keys as it may: prune the retired ones"));
  if (public_keys(now).size() >= key_set_keys_max)
    return fail(conflict("key_ring_full", "as many keys as verifiers accept are still in use: rotate less often"));
  WRIT_TRY(auto next, SigningKey::generate(active_.algorithm(), random));
  past_.push_back({active_.public_key(), active_since_, now + overlap});
  active_ = std::move(next);
  active_since_ = now;
  return {};
}

std::size_t KeyRing::prune(WallTime now) {
  return std::erase_if(past_, [&](const Past& past) { return past.state(now) == KeyState::retired; });
}

json::object KeyRing::public_part() const {
  json::array past;
  for (const auto& key : past_) {
    auto item = stored_form(key.key, key.created_at);
    item["retire_at"] = to_rfc3339(key.retire_at);
    past.push_back(std::move(item));
  }
  json::object out;
  out["version"] = format_version;
  out["active"] = stored_form(active_.public_key(), active_since_);
  out["past"] = std::move(past);
  return out;
}

Result<std::string> KeyRing::seal(const Secret& key_encryption_key, Random& random) const {
  WRIT_CHECK(check_key(key_encryption_key));
  std::array<std::uint8_t, salt_size> bytes{};
  random.fill(bytes);
  const std::string salt(bytes.begin(), bytes.end());
  auto envelope = public_part();
  envelope["salt"] = to_base64url(salt);
  WRIT_TRY(const auto sealed,
           aead_seal(sealing_key(key_encryption_key, salt), active_.raw().reveal(), canonical_json(envelope), random));
  envelope["sealed"] = to_base64url(sealed);
  return canonical_json(envelope);
}

Result<KeyRing> KeyRing::open(std::string_view sealed, const Secret& key_encryption_key) {
  WRIT_CHECK(check_key(key_encryption_key));
  WRIT_TRY(auto envelope, envelope_of(sealed));
  const auto salt = from_base64url(text_at(envelope, "salt"));
  const auto text = from_base64url(text_at(envelope, "sealed"));
  if (!salt || !text) return fail(undecryptable("it is damaged"));
  envelope.erase("sealed");
  auto plain = aead_open(sealing_key(key_encryption_key, *salt), *text, canonical_json(envelope));
  if (!plain) return fail(undecryptable("wrong key-encryption key, or it was changed"));
  const Secret raw(std::move(*plain));

  // Authentic from here on: a failure below is a defect of the writer, reported as what it prevents.
  const auto rebuilt = [&]() -> Result<KeyRing> {
    WRIT_TRY(auto current, stored_key(envelope.at("active")));
    WRIT_TRY(auto key, SigningKey::from_raw(current.key.algorithm(), raw));
    if (key.public_key() != current.key) return fail(undecryptable("its keys do not match"));
    KeyRing ring(std::move(key), current.created_at);
    for (const auto& item : envelope.at("past").as_array()) {
      WRIT_TRY(auto past, stored_key(item));
      WRIT_TRY(const auto retire_at, parse_rfc3339(text_at(item.get_object(), "retire_at")));
      ring.past_.push_back({std::move(past.key), past.created_at, retire_at});
    }
    return ring;
  };
  try {
    auto ring = rebuilt();
    if (!ring && ring.error().code != "key_ring_undecryptable") return fail(undecryptable(ring.error().message));
    return ring;
  } catch (const std::exception&) {  // a member is absent or of another type
    return fail(undecryptable("a member is missing"));
  }
}

}  // namespace writ::crypto
