#include "crypto/key_ring.h"

#include <gtest/gtest.h>

#include "core/encoding.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

namespace writ::crypto {
namespace {

constexpr WallTime start{Seconds{1'800'000'000}};
constexpr Seconds overlap{600};
const Secret secret(std::string(32, 's'));

KeyRing ring_of(SignatureAlgorithm algorithm = SignatureAlgorithm::ed25519) {
  return KeyRing::create(algorithm, start, system_random()).value();
}
KeyRing rotated_ring() {
  auto ring = ring_of();
  EXPECT_TRUE(ring.rotate(start + Seconds{100}, overlap, system_random()));
  return ring;
}
std::string code_of(const Result<KeyRing>& result) {
  if (result) return "opened";
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  return result.error().code;
}

TEST(KeyRing, verifies_with_the_old_key_until_the_overlap_ends) {
  auto ring = ring_of();
  const auto old = ring.active().public_key();
  const auto at = start + Seconds{100};
  ASSERT_TRUE(ring.rotate(at, overlap, system_random()));
  EXPECT_NE(ring.active().public_key(), old);
  EXPECT_EQ(ring.active_since(), at);
  EXPECT_NE(ring.public_keys(at).find(ring.active().public_key().kid()), nullptr);
  EXPECT_NE(ring.public_keys(at + overlap - Millis{1}).find(old.kid()), nullptr);
  EXPECT_EQ(ring.public_keys(at + overlap).find(old.kid()), nullptr);
  EXPECT_EQ(ring.public_keys(at + overlap).size(), 1U);
  EXPECT_NE(ring.all_public_keys().find(old.kid()), nullptr);
}

TEST(KeyRing, prunes_retired_keys_only) {
  auto ring = rotated_ring();
  ASSERT_TRUE(ring.rotate(start + Seconds{200}, overlap, system_random()));
  EXPECT_EQ(ring.prune(start + Seconds{699}), 0U);
  EXPECT_EQ(ring.prune(start + Seconds{700}), 1U);
  EXPECT_EQ(ring.all_public_keys().size(), 2U);
  EXPECT_EQ(ring.prune(start + Seconds{10'000}), 1U);
  EXPECT_EQ(ring.all_public_keys().size(), 1U);
}

TEST(KeyRing, refuses_to_publish_more_keys_than_verifiers_accept) {
  auto ring = ring_of();
  for (std::size_t i = 1; i < key_set_keys_max; ++i) ASSERT_TRUE(ring.rotate(start, overlap, system_random()));
  EXPECT_TRUE(KeySet::from_jwks(ring.public_keys(start).to_jwks()));
  const auto active = ring.active().public_key();
  EXPECT_EQ(ring.rotate(start, overlap, system_random()).error().code, "key_ring_full");
  EXPECT_EQ(ring.active().public_key(), active);
  EXPECT_TRUE(ring.rotate(start + overlap, overlap, system_random()));
}

TEST(KeyRing, refuses_to_grow_without_limit) {
  auto ring = ring_of();
  for (std::size_t i = 1; i < key_ring_keys_max; ++i) ASSERT_TRUE(ring.rotate(start, Seconds{0}, system_random()));
  EXPECT_EQ(ring.rotate(start, Seconds{0}, system_random()).error().code, "key_ring_full");
  EXPECT_EQ(ring.prune(start), key_ring_keys_max - 1);
  EXPECT_TRUE(ring.rotate(start, Seconds{0}, system_random()));
}

TEST(KeyRing, opens_what_it_sealed) {
  for (auto algorithm : {SignatureAlgorithm::ed25519, SignatureAlgorithm::es256}) {
    auto ring = ring_of(algorithm);
    const auto old = ring.active().public_key();
    ASSERT_TRUE(ring.rotate(start + Millis{1}, overlap, system_random()));
    const auto again = KeyRing::open(ring.seal(secret, system_random()).value(), secret);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->active_since(), start + Millis{1});
    EXPECT_TRUE(ring.active().public_key().verify("x", again->active().sign("x").value()));
    EXPECT_NE(again->public_keys(start + overlap).find(old.kid()), nullptr);
    EXPECT_EQ(again->public_keys(start + overlap + Millis{1}).find(old.kid()), nullptr);
  }
}

TEST(KeyRing, seals_differently_each_time_and_hides_the_private_key) {
  const auto ring = ring_of();
  const auto sealed = ring.seal(secret, system_random()).value();
  EXPECT_NE(sealed, ring.seal(secret, system_random()).value());
  EXPECT_EQ(sealed.find(to_base64url(ring.active().raw().reveal())), std::string::npos);
  EXPECT_EQ(sealed.find("\"d\""), std::string::npos);
}

TEST(KeyRing, stays_shut_for_another_secret) {
  const auto sealed = rotated_ring().seal(secret, system_random()).value();
  EXPECT_EQ(code_of(KeyRing::open(sealed, Secret(std::string(32, 'S')))), "key_ring_undecryptable");
  EXPECT_EQ(code_of(KeyRing::open(sealed, Secret(std::string(33, 's')))), "key_ring_undecryptable");
}

TEST(KeyRing, stays_shut_when_any_byte_was_changed_or_cut) {
  const auto sealed = rotated_ring().seal(secret, system_random()).value();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto opened = KeyRing::open(changed, secret);
    ASSERT_FALSE(opened) << i << ": " << changed;
    EXPECT_EQ(opened.error().code, "key_ring_undecryptable") << i;
  }
  for (std::size_t i = 0; i < sealed.size(); i += 13)
    EXPECT_EQ(code_of(KeyRing::open(sealed.substr(0, i), secret)), "key_ring_undecryptable") << i;
}

TEST(KeyRing, stays_shut_when_a_retire_time_was_moved_or_a_key_exchanged) {
  const auto ring = rotated_ring();
  auto later = parse_json(ring.seal(secret, system_random()).value()).value().as_object();
  later["past"].as_array()[0].as_object()["retire_at"] = "2099-01-01T00:00:00Z";
  EXPECT_EQ(code_of(KeyRing::open(to_text(later), secret)), "key_ring_undecryptable");
  auto planted = parse_json(ring.seal(secret, system_random()).value()).value().as_object();
  planted["past"].as_array()[0].as_object()["jwk"] = ring_of().active().public_key().to_jwk();
  EXPECT_EQ(code_of(KeyRing::open(to_text(planted), secret)), "key_ring_undecryptable");
}

// What a faulty writer with the right secret would leave: authentic, yet no key ring.
std::string sealed_as_is(json::object envelope, const Secret& private_key) {
  const std::string salt(16, 'n');
  envelope["salt"] = to_base64url(salt);
  const auto key = hkdf_sha256(secret, salt, "writ key ring v1", aead_key_size);
  const auto sealed = aead_seal(key, private_key.reveal(), canonical_json(envelope), system_random()).value();
  envelope["sealed"] = to_base64url(sealed);
  return to_text(envelope);
}

TEST(KeyRing, stays_shut_when_what_was_sealed_is_no_ring) {
  const auto ring = rotated_ring();
  const auto good = parse_json(ring.seal(secret, system_random()).value()).value().as_object();
  auto bare = good;
  bare.erase("sealed");
  EXPECT_EQ(code_of(KeyRing::open(sealed_as_is(bare, ring.active().raw()), secret)), "opened");
  EXPECT_EQ(code_of(KeyRing::open(sealed_as_is(bare, ring_of().active().raw()), secret)), "key_ring_undecryptable");
  EXPECT_EQ(code_of(KeyRing::open(sealed_as_is(bare, Secret("short")), secret)), "key_ring_undecryptable");
  for (const auto* member : {"active", "past"}) {
    auto without = bare;
    without.erase(member);
    EXPECT_EQ(code_of(KeyRing::open(sealed_as_is(without, ring.active().raw()), secret)), "key_ring_undecryptable");
    without[member] = json::array{7};
    EXPECT_EQ(code_of(KeyRing::open(sealed_as_is(without, ring.active().raw()), secret)), "key_ring_undecryptable");
  }
}

TEST(KeyRing, tells_a_newer_format_from_a_damaged_one) {
  auto newer = parse_json(ring_of().seal(secret, system_random()).value()).value().as_object();
  newer["version"] = 2;
  EXPECT_EQ(code_of(KeyRing::open(to_text(newer), secret)), "key_ring_unsupported");
  for (const auto* text : {"", "{}", "[]", "null", R"({"version":1})", R"({"version":0})", R"({"version":"1"})",
                           R"({"version":1,"salt":"","sealed":""})"})
    EXPECT_EQ(code_of(KeyRing::open(text, secret)), "key_ring_undecryptable") << text;
}

TEST(KeyRing, demands_a_key_encryption_key_that_cannot_be_guessed) {
  const auto ring = ring_of();
  EXPECT_EQ(ring.seal(Secret(std::string(31, 's')), system_random()).error().code, "key_encryption_key_too_short");
  const auto sealed = ring.seal(secret, system_random()).value();
  EXPECT_EQ(code_of(KeyRing::open(sealed, Secret())), "key_encryption_key_too_short");
}

}  // namespace
}  // namespace writ::crypto
