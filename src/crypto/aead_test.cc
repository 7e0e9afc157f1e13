#include "crypto/aead.h"

#include <gtest/gtest.h>

#include "core/encoding.h"

namespace writ::crypto {
namespace {

const Secret key(std::string(32, 'k'));

std::string sealed_text() { return aead_seal(key, "attack at dawn", "row 7", system_random()).value(); }

TEST(Aead, opens_a_published_gcm_vector) {
  // Test case 14 of the GCM specification: key, nonce and text all zero.
  const auto sealed =
      std::string(12, '\0') + from_hex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919").value();
  EXPECT_EQ(aead_open(Secret(std::string(32, '\0')), sealed, "").value(), std::string(16, '\0'));
}

TEST(Aead, opens_what_it_sealed) {
  for (const std::string& text : {std::string(), std::string("a"), std::string(100'000, '\0')}) {
    const auto sealed = aead_seal(key, text, "place", system_random());
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->size(), text.size() + aead_overhead);
    EXPECT_EQ(aead_open(key, *sealed, "place"), text);
  }
}

TEST(Aead, seals_the_same_text_differently_each_time) { EXPECT_NE(sealed_text(), sealed_text()); }

TEST(Aead, refuses_other_associated_bytes) {
  for (const auto* place : {"", "row 8", "row 7 "}) {
    const auto opened = aead_open(key, sealed_text(), place);
    ASSERT_FALSE(opened) << place;
    EXPECT_EQ(opened.error().code, "seal_broken");
    EXPECT_EQ(opened.error().kind, ErrorKind::invalid);
  }
}

TEST(Aead, refuses_another_key_and_any_changed_byte) {
  EXPECT_EQ(aead_open(Secret(std::string(32, 'K')), sealed_text(), "row 7").error().code, "seal_broken");
  const auto sealed = sealed_text();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(aead_open(key, changed, "row 7")) << i;
    EXPECT_EQ(aead_open(key, sealed.substr(0, i), "row 7").error().code, "seal_broken") << i;
  }
  EXPECT_FALSE(aead_open(key, sealed + "x", "row 7"));
}

TEST(Aead, refuses_a_key_of_another_size) {
  EXPECT_EQ(aead_seal(Secret("short"), "x", "", system_random()).error().kind, ErrorKind::internal);
  EXPECT_EQ(aead_open(Secret(std::string(33, 'k')), sealed_text(), "row 7").error().kind, ErrorKind::internal);
}

}  // namespace
}  // namespace writ::crypto
