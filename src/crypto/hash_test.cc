#include "crypto/hash.h"

#include <gtest/gtest.h>

#include "core/encoding.h"

namespace writ::crypto {
namespace {

std::string bytes_of(std::string_view hex) { return from_hex(hex).value(); }

TEST(Sha256, gives_the_digests_of_fips_180_4) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256({}).size(), sha256_size);
}

TEST(Sha256, hashes_pieces_as_the_whole_and_begins_again) {
  Sha256 hash;
  for (int i = 0; i < 1000; ++i) hash.update(std::string(1000, 'a'));
  EXPECT_EQ(to_hex(hash.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(hash.update("a").update("bc").finish(), sha256("abc"));
  Sha256 moved = std::move(hash.update("ab"));
  EXPECT_EQ(moved.update("c").finish(), sha256("abc"));
}

TEST(Hmac, gives_the_codes_of_rfc_4231) {
  const auto mac = [](const std::string& key, std::string_view text) { return to_hex(hmac_sha256(Secret(key), text)); };
  EXPECT_EQ(mac(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(mac("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(mac(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(mac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(mac("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hkdf, gives_the_keys_of_rfc_5869) {
  const auto key = hkdf_sha256(Secret(std::string(22, '\x0b')), bytes_of("000102030405060708090a0b0c"),
                               bytes_of("f0f1f2f3f4f5f6f7f8f9"), 42);
  EXPECT_EQ(to_hex(key.reveal()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  const auto plain = hkdf_sha256(Secret(std::string(22, '\x0b')), "", "", 42);
  EXPECT_EQ(to_hex(plain.reveal()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(ConstantTime, equal_means_equal) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secreT"));
  EXPECT_FALSE(constant_time_equal("secret", "secret "));
  EXPECT_FALSE(constant_time_equal("", "s"));
}

}  // namespace
}  // namespace writ::crypto
